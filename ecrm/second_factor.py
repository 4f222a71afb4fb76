"""An operator's second factor: a code from an app (TOTP, RFC 6238), or a recovery code. allauth.mfa keeps both."""

import base64
import io

import qrcode
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, validate_totp_code
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from qrcode.image.svg import SvgPathFillImage

__all__ = ["enrol", "forget", "is_enrolled", "new_secret", "picture", "proves", "store_codes", "unseen_codes"]

new_secret = generate_totp_secret
Type = Authenticator.Type


def is_enrolled(user: AbstractBaseUser) -> bool:
    return bool(Authenticator.objects.filter(user_id=user.pk, type=Type.TOTP).exists())


def picture(user: AbstractBaseUser, secret: str) -> str:
    """The secret as a QR code for an authenticator app: a data URL of an SVG."""
    image = qrcode.make(get_adapter().build_totp_url(user, secret), image_factory=SvgPathFillImage)
    buffer = io.BytesIO()
    image.save(buffer)
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


def enrol(user: AbstractBaseUser, secret: str, code: str) -> bool:
    """Keep `secret` where `code` shows that an app has it; whether it did. Only the first enrolment counts."""
    if not validate_totp_code(secret, code):
        return False
    try:
        with transaction.atomic():
            TOTP.activate(user, secret)
            RecoveryCodes.activate(user)
    except IntegrityError:
        return False
    return proves(user, code)


def proves(user: AbstractBaseUser, code: str) -> bool:
    """Whether `code` is the app's present one or an unused recovery code. Each works once."""
    kept = Authenticator.objects.filter(user_id=user.pk, type__in=[Type.TOTP, Type.RECOVERY_CODES])
    for found in kept.order_by("-type"):  # the app first
        if found.wrap().validate_code(code):
            found.record_usage()
            return True
    return False


def unseen_codes(user: AbstractBaseUser) -> list[str]:
    """The recovery codes, until `store_codes` says that they are stored."""
    found = Authenticator.objects.filter(user_id=user.pk, type=Type.RECOVERY_CODES).first()
    if found is None or found.wrap().did_view:
        return []
    return list(found.wrap().get_unused_codes())


def store_codes(user: AbstractBaseUser) -> None:
    for found in Authenticator.objects.filter(user_id=user.pk, type=Type.RECOVERY_CODES):
        found.wrap().mark_as_viewed()


def forget(user: AbstractBaseUser) -> None:
    """The next sign-in enrols anew: for an operator who lost app and codes."""
    Authenticator.objects.filter(user_id=user.pk).delete()

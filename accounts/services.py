"""What people do with accounts, one function each."""

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts.models import Membership, Organisation, Role, User


def found_organisation(name: str, owner: User) -> Organisation:
    """A new organisation with its owner."""
    with transaction.atomic():
        organisation = Organisation.objects.create(name=name, slug=Organisation.free_slug(name))
        Membership.objects.create(user=owner, organisation=organisation, role=Role.OWNER)
    return organisation


def create_account(email: str, password: str, name: str, organisation: str) -> tuple[User, Organisation]:
    """A verified owner with an organisation, without mail: for operators and scripts.

    Raises ValidationError where the address is taken or malformed, or the password too weak.
    """
    with transaction.atomic():
        user = create_person(email, password, name)
        return user, found_organisation(organisation, user)


def create_operator(email: str, password: str, name: str) -> User:
    """Somebody who may enter the admin, and belongs to no organisation; raises as `create_account`."""
    return create_person(email, password, name, is_staff=True, is_superuser=True)


def create_person(email: str, password: str, name: str, **rights: bool) -> User:
    email = email.strip().lower()
    validate_email(email)
    if User.objects.filter(email__iexact=email).exists():
        raise ValidationError(f"There is an account for {email} already.")
    validate_password(password, User(email=email, name=name))
    with transaction.atomic():
        user = User.objects.create_user(email, password, name=name, **rights)
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user

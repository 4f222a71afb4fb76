"""One mail to an organisation's owners when a sender of theirs stops by itself: paused for its health, or disconnected.

What is due stands in the sender's row (`notice_due`), so that neither a broker nor a relay that is away loses it.
"""

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import Role, User
from senders.models import Sender, SenderState

log = logging.getLogger(__name__)

MOST = 100


def send_notices() -> int:
    """Tell the owners of every sender that stopped since they were last told; returns how many senders."""
    due = Sender.objects.filter(notice_due=True).select_related("organisation").order_by("pk")
    return sum(send_notice(sender) for sender in due[:MOST])


def send_notice(sender: Sender) -> bool:
    """Tell its owners once, whoever else is at it; whether it was ours to do. A relay that is away: again next time."""
    if not Sender.objects.filter(pk=sender.pk, notice_due=True).update(notice_due=False):
        return False
    if sender.state == SenderState.ACTIVE:
        return False  # somebody has seen to it already
    try:
        message_for(sender).send()
    except (SMTPException, OSError):
        log.exception("The owners of sender %d could not be told", sender.pk)
        Sender.objects.filter(pk=sender.pk).exclude(state=SenderState.ACTIVE).update(notice_due=True)
        return False
    return True


def message_for(sender: Sender) -> EmailMessage:
    owners = User.objects.filter(
        memberships__organisation=sender.organisation, memberships__role=Role.OWNER, is_active=True
    )
    page = reverse("sender", kwargs={"org": sender.organisation.slug, "pk": sender.pk})
    context = {
        "sender": sender,
        "organisation": sender.organisation,
        "url": f"{settings.PUBLIC_URL}{page}",
        "held": sender.state == SenderState.PAUSED,
    }
    stopped = "paused itself" if context["held"] else "was disconnected"
    text = render_to_string("senders/notice.txt", context)
    return EmailMessage(f"{sender.address} {stopped}", text, to=list(owners.values_list("email", flat=True)))

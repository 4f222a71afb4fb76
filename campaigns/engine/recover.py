"""What a dead drain left behind, and what a person decides about unknown messages."""

import uuid

from django.db import connection, transaction

from campaigns.engine.lease import HOLDS
from campaigns.engine.mailboxes import adopt, hold_senders
from campaigns.models import GOING, Campaign, CampaignState, Enrollment, EnrollmentState, Message, MessageState

# Claimed and never offered: nobody has seen it, back to planned. Offered: it may have gone out, so unknown. The lease
# stays on an unknown one: should its holder still live and hear the answer, that settles it (see
# write.SETTLE_AND_OFFER).
ABANDONED = """
UPDATE campaigns_message message SET
    state = CASE WHEN offered_at IS NULL THEN 'planned' ELSE 'unknown' END,
    lease = CASE WHEN offered_at IS NULL THEN NULL ELSE message.lease END,
    attempts = CASE WHEN offered_at IS NULL THEN greatest(attempts - 1, 0) ELSE attempts END,
    error = CASE WHEN offered_at IS NULL THEN error
                 ELSE 'The connection or the worker ended before the server answered: it may or may not have arrived.'
                 END
WHERE state = 'sending'
"""
# Under the lease of a sender: every other lease on its messages is a dead one.
OF_SENDER = ABANDONED + "AND sender_id = %(sender)s AND message.lease IS DISTINCT FROM %(lease)s"
# From the tick: messages whose lease no sender holds any more (its sender was paused or disconnected since, say). Should
# a drain claim one at this very moment, it finds the message gone from its hands at the gate, or its late answer counts.
OF_ALL = f"""{ABANDONED} AND NOT EXISTS (
    SELECT FROM senders_sender sender WHERE sender.id = message.sender_id AND sender.lease = message.lease AND {HOLDS})
"""


def recover_sender(sender: int, lease: uuid.UUID) -> int:
    """Take up what earlier drains of this sender left in state sending; the caller holds `lease`. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(OF_SENDER, {"sender": sender, "lease": lease})
        return int(cursor.rowcount)


def recover_abandoned() -> int:
    """Take up what any dead drain left in state sending; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(OF_ALL)
        return int(cursor.rowcount)


class CannotResend(Exception):
    """These messages would never go out; its text says why, in a sentence."""


def resend_unknown(campaign: Campaign, messages: list[int]) -> int:
    """A person decided that these unknown messages did not arrive: plan them again. Returns how many were unknown
    still.

    Those whose sender was deleted go through another one of the campaign. Raises CannotResend where there is none, and
    in a stopped campaign; then nothing is changed.
    """
    with transaction.atomic():
        stored = Campaign.objects.select_for_update().filter(pk=campaign.pk).first()
        if stored is not None and stored.state == CampaignState.STOPPED:
            raise CannotResend(
                "This campaign was stopped, so it sends nothing again. Mark these mails as failed instead."
            )
        hold_senders(campaign)
        adopt(campaign, messages)
        unknown = Message.objects.filter(campaign=campaign, pk__in=messages, state=MessageState.UNKNOWN)
        if unknown.filter(sender=None).exists():
            raise CannotResend(
                "The sender of some of these mails was deleted, and this campaign has no other active one. Mark them as"
                " failed instead."
            )
        moved = unknown.update(state=MessageState.PLANNED, lease=None, offered_at=None, attempts=0, error="")
        if moved:  # a campaign that had finished around them has something to send again
            Campaign.objects.filter(pk=campaign.pk, state=CampaignState.FINISHED).update(
                state=CampaignState.RUNNING, finished_at=None
            )
    return moved


def close_unknown(campaign: Campaign, messages: list[int]) -> int:
    """A person decided to leave these unknown messages be: they count as failed, never sent again. Returns how many."""
    with transaction.atomic():
        unknown = Message.objects.filter(campaign=campaign, pk__in=messages, state=MessageState.UNKNOWN)
        enrollments = list(unknown.values_list("enrollment_id", flat=True))
        moved = unknown.update(
            state=MessageState.FAILED, lease=None, error="Closed by hand: no answer from the server."
        )
        Enrollment.objects.filter(pk__in=enrollments, state__in=GOING).update(
            state=EnrollmentState.STOPPED, reason="unknown"
        )
    return moved

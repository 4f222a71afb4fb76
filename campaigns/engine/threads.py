"""The conversation that a follow-up goes on with: what it answers, and under which subject."""

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.models import Message, MessageState, Variant
from campaigns.rendering.subjects import RE, answering, subject_of
from senders.models import Kind, Sender
from senders.transports.gmail.connection import thread_of


@dataclass(frozen=True)
class Thread:
    """`references`: the Message-IDs of the thread's earlier mails, oldest first, without brackets (RFC 5322 3.6.4);
    `subject`: the template of this mail's subject; `provider_thread`: what the provider calls the thread, if it knows
    one.
    """

    references: tuple[str, ...] = ()
    subject: str = ""
    provider_thread: str = ""


def threads(sender: Sender, variants: dict[int, Variant], follow_ups: dict[int, int]) -> dict[int, Thread]:
    """Enrollment → its thread, for `follow_ups`: enrollment → the variant of its next mail, which answers in the thread."""
    if not follow_ups:
        return {}
    earlier: dict[int, list[Message]] = {enrollment: [] for enrollment in follow_ups}
    sent = Message.objects.filter(enrollment__in=follow_ups, state=MessageState.SENT).select_related("step", "variant")
    for message in sent.order_by("step__position"):
        earlier[message.enrollment_id].append(message)
    return {
        enrollment: thread_after(sender, variants[variant], earlier[enrollment])
        for enrollment, variant in follow_ups.items()
    }


def thread_after(sender: Sender, variant: Variant, earlier: Sequence[Message]) -> Thread:
    """The thread that began with the last mail that was no answer itself; of nothing was sent, a thread of its own."""
    earlier = [message for message in earlier if message.step.position < variant.step.position]
    if not earlier:
        return Thread(subject=subject_of(variant).removeprefix(RE))
    start = max((at for at, message in enumerate(earlier) if not message.step.same_thread), default=0)
    thread = earlier[start:]
    last = thread[-1]
    ours = sender.kind == Kind.GMAIL and last.sender_id == sender.pk
    return Thread(
        references=tuple(message.message_id for message in thread),
        subject=variant.subject or answering(subject_of(thread[0].variant)),
        provider_thread=thread_of(last.provider_id) if ours else "",
    )

"""The template of a mail's subject: its own, or that of the mail that it answers."""

from campaigns.models import Step, Variant

RE = "Re: "


def answering(subject: str) -> str:
    """The subject of an answer to a mail with this one; only one "Re:" however long the thread is."""
    return subject if subject.startswith(RE) else f"{RE}{subject}"


def subject_of(variant: Variant) -> str:
    """A variant's own subject; where it has none and answers in the thread, that of the first mail of the thread, whose
    wording is then the first variant's; empty where there is none either.
    """
    if variant.subject.strip() or not variant.step.same_thread:
        return variant.subject
    before = Step.objects.filter(campaign=variant.step.campaign_id, position__lt=variant.step.position)
    for step in before.order_by("-position").prefetch_related("variants"):
        first = step.variants.all()[:1]
        if first and first[0].subject.strip():
            return answering(first[0].subject)
    return ""

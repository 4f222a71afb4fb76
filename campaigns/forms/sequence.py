"""A sequence: its name and every step, as one form."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from django import forms

from accounts.models import Organisation
from campaigns.files.keeping import files_of
from campaigns.forms import typed
from campaigns.forms.editing import EditForm
from campaigns.forms.steps import StepForm
from campaigns.models import Campaign, Step
from campaigns.reach import Reach
from campaigns.rendering.subjects import answering


class SequenceHead(EditForm):
    """What stands above the steps."""

    name = forms.CharField(max_length=200, help_text="Only your team sees it.")


class SequenceForm:
    """The head and every step, as one."""

    def __init__(
        self,
        head: SequenceHead,
        steps: Sequence[typed.TypedStep],
        locked: Collection[str] = (),
        used: Collection[tuple[str, str]] = (),
    ) -> None:
        self.head = head
        self.steps = [StepForm(step, at, locked, used) for at, step in enumerate(steps)]
        for before, step in zip(self.steps, self.steps[1:], strict=False):
            step.movable_up = before.movable_down = not (before.locked or step.locked)
        self.say_answers()

    def say_answers(self) -> None:
        """Show in each subject what it is where it stays empty and answers in the thread (`rendering.subjects`)."""
        subject = ""
        for step in self.steps:
            for form in step.variants:
                form.fields["subject"].widget.attrs["placeholder"] = (
                    answering(subject) if step.replies and subject else ""
                )
            subject = step.variants[0]["subject"].value() or subject

    @property
    def wrong(self) -> bool:
        return bool(self.head.errors) or any(step.wrong for step in self.steps)

    def show_what_is_wrong(self) -> None:
        """Open, in each step, a variant that must be mended, if there is one."""
        for step in self.steps:
            if wrong := next((form for form in step.variants if form.errors), None):
                for form in step.variants:
                    form.shown = form is wrong

    def show_files(self, organisation: Organisation) -> None:
        """Name each wording's files."""
        variants = [form for step in self.steps for form in step.variants]
        known = {file.pk: file for file in files_of(organisation, [pk for form in variants for pk in form.file_ids()])}
        for form in variants:
            form.attached = [known[pk] for pk in form.file_ids() if pk in known]

    def show_progress(self, reached: Iterable[Reach], stored: Iterable[Step]) -> None:
        """Say of each stored step how many had it and which variant won."""
        numbers = {row.position: row for row in reached}
        known = {str(step.pk): step for step in stored}
        for form in self.steps:
            if step := known.get(form["id"].value() or ""):
                form.reached = numbers.get(step.position)
                form.winner = step.winner.name if step.winner else ""

    def values(self, campaign: Campaign) -> dict[str, Any]:
        """What was typed, as `editing.update_campaign` takes it. Where the changes of somebody else may be undone, steps that
        are not there any more are made again.
        """
        contents = [step.content() for step in self.steps]
        if self.head.cleaned_data["anyway"] is not None:
            there = set(campaign.steps.values_list("pk", flat=True))
            contents = [content if content.id in there else replace(content, id=None) for content in contents]
        return {"name": self.head.cleaned_data["name"], "steps": contents}

    def note(self, field: str, message: str) -> None:
        """Put what cannot be kept where it was typed; `field` is as `errors.BadValue` has it."""
        _, _, rest = field.partition("steps.")
        at = typed.number(rest.partition(".")[0], len(self.steps) - 1) if rest else None
        if at is not None:
            self.steps[at].add_error(None, message)
        else:
            self.head.add_error("name" if field == "name" else None, message)

    def note_template_problems(self, campaign: Campaign) -> bool:
        """Put what is wrong with the templates at their fields; whether there was anything."""
        wrong = [form.note_template_problems(campaign) for step in self.steps for form in step.variants]
        return any(wrong)

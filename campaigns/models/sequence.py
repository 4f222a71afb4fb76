"""What a campaign says: its steps, and each step's wordings."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Organisation
from campaigns.models.campaign import Campaign


class Condition(models.TextChoices):
    """When a step is sent: of what its lead did with the sequence's earlier mails. Machines do not count."""

    ALWAYS = "", "always"
    OPENED = "opened", "only if an earlier mail was opened"
    NOT_OPENED = "not_opened", "only if no earlier mail was opened"
    CLICKED = "clicked", "only if a link was clicked"
    NOT_CLICKED = "not_clicked", "only if no link was clicked"


class WinnerBy(models.TextChoices):
    """What the best variant is chosen by."""

    OPENED = "opened"
    CLICKED = "clicked"
    REPLIED = "replied"


class Step(models.Model):
    """One mail of a sequence; what it says stands in its variants."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(default=1)
    delay_hours = models.FloatField(default=0, help_text="After the step before was sent.")
    delay_business_days = models.PositiveSmallIntegerField(
        default=0, help_text="In place of the hours: Monday to Friday in the campaign's time zone."
    )
    # A reply in the thread of the mail before; with an empty subject it takes that one's.
    same_thread = models.BooleanField(default=False)
    condition = models.CharField(max_length=12, choices=Condition, default=Condition.ALWAYS, blank=True)
    # Once each variant was sent so often, the best goes to everyone else; null: never.
    winner_after = models.PositiveIntegerField(null=True, blank=True)
    winner_by = models.CharField(max_length=8, choices=WinnerBy, default=WinnerBy.REPLIED)
    winner = models.ForeignKey("Variant", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["campaign", "position"], name="step_once")]

    def __str__(self) -> str:
        return f"step {self.position}"


class Variant(models.Model):
    """A wording of a step, as Liquid templates."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="variants")
    name = models.CharField(max_length=20, default="A")
    weight = models.PositiveSmallIntegerField(
        default=1, help_text="Its share of the leads; 0: nobody gets it any more."
    )
    subject = models.CharField(max_length=500, blank=True)
    body_html = models.TextField(blank=True)
    body_text = models.TextField(blank=True, help_text="Derived from the HTML where it is empty.")
    # The attached files, in order. Ids in the row itself, since it is read for every batch of mails; `campaigns.files` keeps
    # those that are used. Inline images stand in the HTML (`MailFile.content_id`).
    files = ArrayField(models.BigIntegerField(), default=list, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["step", "name"], name="variant_once")]

    def __str__(self) -> str:
        return self.name

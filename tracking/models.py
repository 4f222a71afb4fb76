"""What happened to mails."""

from __future__ import annotations

from django.db import models

from accounts.models import Organisation


class Happening(models.TextChoices):
    OPENED = "opened"
    CLICKED = "clicked"
    UNSUBSCRIBED = "unsubscribed"
    REPLIED = "replied"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class Event(models.Model):
    """One thing that happened to one message. No IP address and no user agent is kept.

    `message_id` and `lead_id` are plain numbers: the campaigns app, which owns messages, stands above this one.
    """

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, db_constraint=True)
    message_id = models.BigIntegerField()
    lead_id = models.BigIntegerField()
    kind = models.CharField(max_length=15, choices=Happening)
    url = models.TextField(blank=True, help_text="The link's target, for clicks.")
    machine = models.BooleanField(default=False, help_text="By an image proxy, a link scanner or the like.")
    rule = models.CharField(max_length=50, blank=True, help_text="What told a machine.")
    at = models.DateTimeField()
    # The entry's id in the Redis stream: an event delivered twice counts once.
    stream_id = models.CharField(max_length=40, unique=True)

    class Meta:
        indexes = [models.Index(fields=["message_id", "kind"], name="event_of_message")]

    def __str__(self) -> str:
        return f"{self.kind} message {self.message_id}"

"""What an organisation keeps to make mails of: files, snippets and whole mails."""

from __future__ import annotations

import re

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from accounts.models import Organisation, User

# How HTML names one of our files as an inline image (RFC 2392): `cid:` and what `MailFile.content_id` gives.
CONTENT_ID = re.compile(r"cid:[0-9a-f]{16}\.([0-9]{1,18})@ecrm(?![\w.])")


class MailFile(models.Model):
    """A file that mails carry. It never changes: another content is another file."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="mail_files")
    name = models.CharField(max_length=150)
    content_type = models.CharField(max_length=100, help_text="By its bytes, not its name.")
    size = models.PositiveIntegerField(help_text="In bytes, before it is encoded.")
    digest = models.BinaryField(max_length=32, help_text="SHA-256.")
    data = models.BinaryField()
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "digest", "name"], name="mail_file_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def content_id(self) -> str:
        return f"{bytes(self.digest).hex()[:16]}.{self.pk}@ecrm"

    @property
    def is_image(self) -> bool:
        """Whether mail programs show it in the text."""
        return self.content_type in INLINE_TYPES


INLINE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


class Snippet(models.Model):
    """A piece of wording that templates take in by its name: `{% snippet "name" %}`."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="snippets")
    name = models.SlugField(max_length=60)
    body_html = models.TextField(blank=True)
    body_text = models.TextField(blank=True, help_text="Derived from the HTML where it is empty.")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="snippet_once")]

    def __str__(self) -> str:
        return self.name


class MailTemplate(models.Model):
    """A whole mail to begin a variant with: it is copied, and later changes reach no campaign."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="mail_templates")
    name = models.CharField(max_length=100)
    subject = models.CharField(max_length=500, blank=True)
    body_html = models.TextField(blank=True)
    body_text = models.TextField(blank=True)
    files = ArrayField(models.BigIntegerField(), default=list, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="mail_template_once")]

    def __str__(self) -> str:
        return self.name

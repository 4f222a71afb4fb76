"""Users, organisations and who belongs to which."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.text import slugify


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in: a name, an address and a password, nothing else (promise p01)."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="An operator: may enter the admin.")
    created_at = models.DateTimeField(default=timezone.now)
    # The session that a request came through, as its token names it (`accounts.access`); no column.
    sid: str = ""

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email


# Letters that no decomposition turns into ASCII, as their languages write them without; slugify would drop them.
TRANSLITERATED = str.maketrans(
    {
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
        "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i", "ħ": "h", "Ħ": "H", "ŧ": "t", "Ŧ": "T",
        "ĸ": "k", "ŋ": "n", "Ŋ": "N",
    }
)  # fmt: skip

# Path segments under /o/ that an organisation's slug must never shadow.
RESERVED_SLUGS = {"new", "api", "admin", "static", "account"}


class Organisation(models.Model):
    """A customer: everything that belongs to it carries it, and is found through its slug in the URL."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=60, unique=True)
    postal_address = models.TextField(
        blank=True, max_length=500, help_text="Stands in the footer of every campaign mail (CAN-SPAM, § 5 DDG)."
    )
    created_at = models.DateTimeField(default=timezone.now)
    members = models.ManyToManyField(User, through="Membership", related_name="organisations")

    def __str__(self) -> str:
        return self.name

    @classmethod
    def free_slug(cls, name: str) -> str:
        """A slug for `name` that no organisation has yet."""
        base = slugify(name.translate(TRANSLITERATED))[:48].strip("-") or "organisation"
        slug = base
        while slug in RESERVED_SLUGS or cls.objects.filter(slug=slug).exists():
            slug = f"{base}-{secrets.token_hex(3)}"
        return slug


class Role(models.TextChoices):
    """What a member may do. Owners: all; managers: all but members and closing; viewers: look."""

    OWNER = "owner"
    MANAGER = "manager"
    VIEWER = "viewer"

    @property
    def rank(self) -> int:
        return {"viewer": 0, "manager": 1, "owner": 2}[self.value]


class Membership(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.OWNER)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "organisation"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.organisation} as {self.role}"

    def may(self, role: Role) -> bool:
        """Whether this member may do what `role` may."""
        return Role(self.role).rank >= role.rank


class IdempotencyKey(models.Model):
    """The answer to a POST that carried an `Idempotency-Key`, kept for a day and given again to a repetition."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    digest = models.BinaryField(
        help_text="HMAC-SHA-256 over method, path, role and body: the same key with another body is refused."
    )
    status = models.PositiveSmallIntegerField(null=True, help_text="Null while the first request still runs.")
    content_type = models.CharField(max_length=100, blank=True)
    body = models.BinaryField(
        null=True, help_text="Null while the first request still runs, and once a lead was erased that it may name."
    )
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key

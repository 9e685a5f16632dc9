"""People, what they are signed in with, and the keys that vouch for it."""

import uuid
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Upper
from django.utils import timezone


class People(BaseUserManager["User"]):
    """Makes people; an e-mail address is kept in lower case, as everybody types it."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A person who signs in by `email`; without a password nobody can, until one is set."""
        if not email:
            raise ValueError("A person needs an e-mail address")
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A person who may do everything in the admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in, by e-mail address."""

    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_staff = models.BooleanField("staff", default=False, help_text="May enter the admin and the console.")
    is_active = models.BooleanField("active", default=True, help_text="Untick instead of deleting a person.")
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects = People()

    USERNAME_FIELD = EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        verbose_name_plural = "people"
        constraints = [
            # UPPER, because that is what PostgreSQL is asked for `iexact`: one index forbids and finds.
            models.UniqueConstraint(
                Upper("email"),
                name="user_email_once",
                violation_error_message="Somebody signs in with this e-mail address already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.email.lower()

    def get_full_name(self) -> str:
        """The name that Django's and allauth's own templates ask for."""
        return str(self)


class Session(models.Model):
    """One signed-in program: `n` counts its refresh tokens, only the newest of which is good."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="token_sessions")
    n = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    rotated_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    user_agent = models.CharField(max_length=255, blank=True)
    ip = models.GenericIPAddressField("IP address", null=True, blank=True)
    amr = models.JSONField("how they proved who they are", default=list)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.user_id} {self.user_agent or self.id}"

    @property
    def is_live(self) -> bool:
        """Whether it may still be used: not revoked, not too old, and its person not shut out."""
        return self.revoked_at is None and self.expires_at > timezone.now() and self.user.is_active


class SigningKey(models.Model):
    """A key for access tokens: the lowest `number` not retired signs, the next one waits, published."""

    number = models.PositiveIntegerField(unique=True)
    kid = models.CharField(max_length=32, unique=True)
    private_key = models.TextField(help_text="Sealed with a key derived from SECRET_KEY.")
    public_jwk = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return self.kid

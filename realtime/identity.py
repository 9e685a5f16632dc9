"""Who a connection belongs to, by an access token or by the session of our pages."""

from dataclasses import dataclass
from datetime import datetime
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Identity:
    """A person, and until when we may take their word for it (None: no end)."""

    user_id: int
    is_staff: bool
    expires_at: datetime | None = None

    @property
    def seconds_left(self) -> float:
        """How long this identity is good for, in seconds; infinite without an end."""
        return float("inf") if self.expires_at is None else (self.expires_at - timezone.now()).total_seconds()


def from_token(token: str) -> Identity | None:
    """Whose access token this is, asked of whoever issues them; None when it is no good."""
    known = import_string(settings.REALTIME_IDENTIFY)(token)
    return known and Identity(known.user_id, known.is_staff, known.expires_at)


def from_session(key: str) -> Identity | None:
    """Who is signed in with this session cookie; None when nobody is."""
    # A quoted cookie can spell NUL, which PostgreSQL refuses to compare with anything.
    if not key or "\0" in key:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    if user.pk is None:
        return None
    return Identity(user.pk, user.is_staff, request.session.get_expiry_date())

"""Signing in and out by token: the only writer of sessions."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from allauth.account.adapter import get_adapter
from django.contrib.auth.models import update_last_login
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import events, passwords, refresh, tokens
from accounts.models import Session, User
from accounts.problems import invalid_refresh_token

log = structlog.get_logger("accounts")

LIFETIME = timedelta(days=30)
# A lost answer, a second tab, a retry: for this long a spent token earns the same successor again.
GRACE = timedelta(seconds=10)


@dataclass(frozen=True)
class Pair:
    """What a program signs its requests with; `expires_in` is the access token's, in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105  the name of a scheme


def sign_in(request: HttpRequest, email: str, password: str) -> Pair:
    """A new session for whoever knows the password; raises the problems of `accounts.problems`."""
    user = passwords.check(request, email, password)
    session = _open(user, get_adapter().get_client_ip(request), request.headers.get("User-Agent", ""))
    log.info("signed in", user=user.pk, session=str(session.pk))
    return _pair(session)


def renew(refresh_token: str) -> Pair:
    """The next pair; a token spent longer ago than `GRACE` has been stolen from somebody: the session ends."""
    try:
        session_id, n = refresh.read(refresh_token)
    except tokens.Invalid as refused:
        raise invalid_refresh_token(str(refused)) from None
    session = Session.objects.select_related("user").filter(pk=session_id).first()
    if session is None or not session.is_live:
        raise invalid_refresh_token("You have been signed out.")
    now = timezone.now()
    if not _advance(session, n, now) and not _may_repeat(session, n, now):
        revoke(session, "reused")
        raise invalid_refresh_token("This refresh token was used before, so its session has been ended.")
    return _pair(session)


@transaction.atomic
def revoke(session: Session, reason: str) -> None:
    """End `session` now, for every token of it; once ended it stays so, and is told once."""
    ended = Session.objects.filter(pk=session.pk, revoked_at=None).update(revoked_at=timezone.now())
    if not ended:
        return
    log.info("session revoked", user=session.user_id, session=str(session.pk), reason=reason)
    events.session_revoked(session, reason)


def revoke_by_token(refresh_token: str) -> None:
    """Sign out with a refresh token, good or spent; what has ended already stays so. Raises `Invalid`."""
    session_id, _ = refresh.read(refresh_token)
    if session := Session.objects.filter(pk=session_id).first():
        revoke(session, "signed_out")


@transaction.atomic
def _open(user: User, ip: str, user_agent: str) -> Session:
    now = timezone.now()
    # A person's forgotten sessions go when the person comes: no sweeper needed.
    Session.objects.filter(user=user, expires_at__lt=now).delete()
    update_last_login(User, user)
    return Session.objects.create(
        user=user, ip=ip, user_agent=user_agent[:255], amr=["pwd"], created_at=now, expires_at=now + LIFETIME
    )


def _advance(session: Session, n: int, now: datetime) -> bool:
    """Compare and swap: of all who come with `n` one moves the session on. `session` then tells where it is.

    The filter names the row's own columns alone: through a join PostgreSQL would let two through.
    """
    moved = Session.objects.filter(pk=session.pk, n=n, revoked_at=None).update(
        n=n + 1, rotated_at=now, last_used_at=now
    )
    session.refresh_from_db(fields=["n", "rotated_at", "revoked_at"])
    return bool(moved)


def _may_repeat(session: Session, n: int, now: datetime) -> bool:
    """Whether `n` was spent a moment ago by the very step that led to where the session is."""
    if session.revoked_at is not None or session.rotated_at is None:
        return False
    return session.n == n + 1 and now - session.rotated_at <= GRACE


def _pair(session: Session) -> Pair:
    access_token, expires_in = tokens.issue(session)
    return Pair(access_token, refresh.mint(session), expires_in)

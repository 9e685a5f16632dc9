"""What this app publishes: `user.signed_up`, `session.revoked`."""

from accounts.models import Session, User
from webhooks.outbox import publish


def user_signed_up(user: User) -> None:
    """Also a mail of welcome, where there is a template for one: the event has a recipient."""
    data = {"user": {"id": user.pk, "email": user.email, "name": user.name}}
    publish("user.signed_up", data, about=f"user:{user.pk}", user=user.pk, recipient=user.email)


def session_revoked(session: Session, reason: str) -> None:
    """`reason`: signed_out, reused, by_person or by_staff."""
    data = {"session": {"id": str(session.pk), "user_agent": session.user_agent}, "reason": reason}
    publish("session.revoked", data, about=f"session:{session.pk}", user=session.user_id)

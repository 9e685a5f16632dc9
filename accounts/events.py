"""What this app publishes: `user.signed_up`, `session.revoked`."""

from typing import Annotated, Literal, TypedDict

from accounts.models import Session, User
from webhooks.outbox.catalogue import IDENTIFIER, declare
from webhooks.outbox.publishing import publish
from webhooks.outbox.shapes import Email, Uuid


class Person(TypedDict):
    id: int
    email: Email
    name: str


class PersonData(TypedDict):
    user: Person


class Program(TypedDict):
    id: Uuid
    user_agent: Annotated[str, "What the program called itself."]


class SessionData(TypedDict):
    session: Program
    reason: Literal["signed_out", "reused", "by_person", "by_staff"]


SIGNED_UP_EXAMPLE: PersonData = {"user": {"id": 7, "email": "ada@example.com", "name": "Ada"}}
REVOKED_EXAMPLE: SessionData = {
    "session": {"id": IDENTIFIER, "user_agent": "example-app/2.1"},
    "reason": "signed_out",
}
SIGNED_UP = declare("user.signed_up", "Somebody has become a user.", PersonData, SIGNED_UP_EXAMPLE)
SESSION_REVOKED = declare(
    "session.revoked", "A program was signed out: its tokens are no longer good.", SessionData, REVOKED_EXAMPLE
)


def user_signed_up(user: User) -> None:
    """Also a mail of welcome, where there is a template for one: the event has a recipient."""
    data: PersonData = {"user": {"id": user.pk, "email": user.email, "name": user.name}}
    publish(SIGNED_UP.name, data, about=f"user:{user.pk}", user=user.pk, recipient=user.email)


def session_revoked(session: Session, reason: str) -> None:
    """`reason`: signed_out, reused, by_person or by_staff."""
    data = {"session": {"id": str(session.pk), "user_agent": session.user_agent}, "reason": reason}
    publish(SESSION_REVOKED.name, data, about=f"session:{session.pk}", user=session.user_id)

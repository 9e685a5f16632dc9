"""What vendors tell us, in our words: a Fact names no vendor's event and carries no vendor's shape.

A fact is a hint with an address. Amounts and states are fetched from the vendor by that address.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Fact:
    """`source` is the slug of the plug-in that said it."""

    source: str


@dataclass(frozen=True, kw_only=True)
class PaymentChanged(Fact):
    """Something happened to a payment: look `reference` up at the vendor.

    `attempt` is our own attempt id when the vendor echoes it, else empty.
    """

    reference: str
    attempt: str = ""


@dataclass(frozen=True, kw_only=True)
class MailReported(Fact):
    """The mail carrier says what became of a mail. `mail` is our id; `outcome` is one of MAIL_OUTCOMES."""

    mail: str
    recipient: str
    outcome: str
    reason: str = ""


MAIL_OUTCOMES = ("accepted", "delivered", "deferred", "bounced", "complained")


@dataclass(frozen=True, kw_only=True)
class RepositoryPushed(Fact):
    """Commits arrived on a branch or tag of a source repository. `push` tells it from any other, in every copy."""

    repository: str
    ref: str
    head: str
    pusher: str
    commits: int
    push: str


@dataclass(frozen=True, kw_only=True)
class SourceSpoke(Fact):
    """A source that no plug-in knows has said something; what it means is for whoever set it up.

    `kind` and `object_key` are the sender's own words. `delivery` is the number under which all of it is kept.
    """

    kind: str
    object_key: str
    delivery: int


@dataclass(frozen=True, kw_only=True)
class ConfirmationAsked(Fact):
    """A vendor asks whether we want its webhooks `about` something; `reference` is how to say yes."""

    about: str
    reference: str

"""Facts that no domain owns: a mail's fate, news of a repository, what a custom source says, and who asks first."""

from dataclasses import asdict
from functools import partial
from hashlib import sha256
from typing import Annotated, TypedDict

from integrations import registry
from integrations.email import services as mail
from integrations.facts import ConfirmationAsked, MailReported, RepositoryPushed, SourceSpoke
from integrations.ports import WebhookConfirmer
from webhooks.models.events import LONGEST_ABOUT
from webhooks.outbox.catalogue import IDENTIFIER, declare
from webhooks.outbox.publishing import publish
from webhooks.outbox.shapes import Uuid
from webhooks.processing.handling import Effect, handles


class BouncedData(TypedDict):
    mail: Annotated[Uuid, "The mail's id with us."]
    reason: Annotated[str, "What the receiving side said."]


class PushedData(TypedDict):
    repository: str
    ref: Annotated[str, "The branch or tag in full, such as refs/heads/main."]
    head: Annotated[str, "The commit it now points to."]
    pusher: str
    commits: Annotated[int, "How many came."]


BOUNCED_EXAMPLE: BouncedData = {"mail": IDENTIFIER, "reason": "550 5.1.1 no such user"}
PUSHED_EXAMPLE: PushedData = {
    "repository": "example/shop",
    "ref": "refs/heads/main",
    "head": "6dcb09b5b57875f334f61aebed695e2e4193db5e",
    "pusher": "ada",
    "commits": 2,
}
BOUNCED = declare("email.bounced", "A mail could not be delivered.", BouncedData, BOUNCED_EXAMPLE, staff_only=True)
PUSHED = declare("repository.pushed", "Commits arrived in a repository.", PushedData, PUSHED_EXAMPLE, staff_only=True)


class SpokenData(TypedDict):
    source: Annotated[str, "The slug of the source."]
    kind: Annotated[str, "The type, in the sender's own word."]
    object_key: Annotated[str, "What it is about, in the sender's own words; may be empty."]
    delivery: Annotated[int, "The number under which the whole of it is kept."]


SPOKEN_EXAMPLE: SpokenData = {"source": "warehouse", "kind": "parcel.left", "object_key": "parcel-7", "delivery": 1001}
SPOKEN = declare("source.received", "A source of your own sent a webhook.", SpokenData, SPOKEN_EXAMPLE, staff_only=True)


@handles(MailReported)
def note_mail(fact: MailReported) -> Effect:
    return partial(_note_mail, fact)


def _note_mail(fact: MailReported) -> None:
    mail.note(fact.mail, fact.outcome, fact.reason)
    if fact.outcome == "bounced":
        publish(BOUNCED.name, {"mail": fact.mail, "reason": fact.reason}, about=f"mail:{fact.mail}", once=fact.mail)


@handles(RepositoryPushed)
def announce_push(fact: RepositoryPushed) -> Effect:
    """A delivery's id may stand outside of what is signed: a copy under another id is not news."""
    data = {name: value for name, value in asdict(fact).items() if name in PushedData.__annotations__}
    return partial(publish, PUSHED.name, data, about=subject("repository", fact.repository), once=fact.push)


@handles(SourceSpoke)
def announce_source(fact: SourceSpoke) -> Effect:
    """Without the body: who may read that looks it up by the delivery's number.

    It is about the object, else about itself: events of one subject wait for each other, those of a source need not.
    """
    about = subject("source", f"{fact.source}:{fact.object_key or f'#{fact.delivery}'}")
    return partial(publish, SPOKEN.name, asdict(fact), about=about, once=str(fact.delivery))


@handles(ConfirmationAsked)
def confirm_webhooks(fact: ConfirmationAsked) -> None:
    registry.port(fact.source, WebhookConfirmer).confirm(fact.about, fact.reference)


def subject(kind: str, name: str) -> str:
    """`kind:name`; of a sender's name that is longer than the column the beginning, and what tells it from others."""
    whole = f"{kind}:{name}"
    if len(whole) <= LONGEST_ABOUT:
        return whole
    digest = sha256(name.encode()).hexdigest()[:32]
    return f"{whole[: LONGEST_ABOUT - len(digest) - 1]}~{digest}"

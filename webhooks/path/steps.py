"""What each row that crossed the border tells of itself, as steps of a timeline."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from integrations.causes import span
from integrations.email.models import Mail
from integrations.models import CallFailure
from webhooks.models import Attempt, Delivery, Dispatch, Gap, Message, OutboxEvent


@dataclass(frozen=True)
class Step:
    """One thing that happened; `ok` is None while it is still to come. `link` is a page of the console's about it."""

    at: datetime
    kind: str
    title: str
    detail: str = ""
    ok: bool | None = True
    link: str = ""

    def due(self, now: datetime) -> str:
        """When it is to come, in words; empty for what has happened."""
        if self.ok is not None:
            return ""
        return f"due in {span((self.at - now).total_seconds())}" if self.at > now else "due now"


def of_delivery(delivery: Delivery) -> Iterator[Step]:
    link = reverse("webhooks:console_delivery", args=[delivery.pk])
    said = f"{delivery.source} said {delivery.kind}"
    yield Step(delivery.received_at, "delivery", said, delivery.external_id, link=link)
    for fact in delivery.facts:
        about = ", ".join(f"{name} {value}" for name, value in fact.items() if name not in ("fact", "source") and value)
        yield Step(delivery.received_at, "fact", fact["fact"], about)
    if delivery.handled_at:
        ok = delivery.state != Delivery.State.DEAD
        yield Step(delivery.handled_at, "processing", f"delivery {delivery.state}", delivery.reason, ok)
    elif delivery.error:
        yield Step(delivery.due_at, "processing", f"try {delivery.attempts + 1} is due", delivery.reason, None)


def of_gap(gap: Gap) -> Step:
    """That a delivery never arrived, and was fetched."""
    words = f"sent at {gap.sent_at:%Y-%m-%d %H:%M:%S} UTC and never arrived; fetched by search {gap.search_id}"
    return Step(gap.sent_at, "healing", f"{gap.search.source} sent {gap.kind} in vain", words, False)


def of_event(event: OutboxEvent) -> Iterator[Step]:
    yield Step(event.at, "event", event.name, event.about)
    for dispatch in event.dispatches.all():
        yield _dispatch(event, dispatch)
    for message in event.messages.all():
        yield from of_message(message)


def _dispatch(event: OutboxEvent, dispatch: Dispatch) -> Step:
    if dispatch.done_at:
        return Step(dispatch.done_at, "sink", f"{event.name} handed to {dispatch.sink}")
    last_line = dispatch.error.strip().rpartition("\n")[2]
    return Step(dispatch.due_at, "sink", f"{event.name} is due for {dispatch.sink}", last_line, None)


def of_message(message: Message) -> Iterator[Step]:
    """An event's way to one endpoint. Whoever reads the story sees no answers: those stay in its log."""
    for attempt in message.log.all():
        yield _attempt(message, attempt)
    way = f"{message.name} for {message.endpoint.uid}"
    if message.state == Message.State.WAITING:
        yield Step(message.due_at, "endpoint", f"try {message.tries + 1} of {way} is due", "", None)
    elif message.state == Message.State.FAILED and message.done_at:
        yield Step(message.done_at, "endpoint", f"{way} given up", f"after {message.tries} tries", False)


def _attempt(message: Message, attempt: Attempt) -> Step:
    answer = f"answered {attempt.status}" if attempt.status else attempt.code
    title = f"{message.name} sent to {message.endpoint.uid}: {answer}"
    return Step(attempt.at, "endpoint", title, f"try {attempt.number}, {attempt.ms:.0f} ms", attempt.ok)


def of_mail(mail: Mail) -> Iterator[Step]:
    yield Step(mail.created_at, "mail", f"mail written: {mail.subject}", ", ".join(mail.to))
    if mail.sent_at:
        yield Step(mail.sent_at, "mail", "mail sent", mail.outcome)
    elif mail.error:
        yield Step(mail.due_at, "mail", f"mail {mail.state}", mail.error, None if mail.state != "failed" else False)


def of_call(failure: CallFailure) -> Step:
    """A try at a vendor that failed."""
    words = f"try {failure.attempt}, {failure.latency_ms} ms, answered {failure.status or 'nothing'} {failure.excerpt}"
    return Step(failure.at, "call", f"{failure.vendor} {failure.operation}: {failure.outcome}", words.strip(), False)

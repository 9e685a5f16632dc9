"""What each row that crossed the border tells of itself, as steps of a timeline."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from integrations.causes import span
from integrations.email.models import Mail
from integrations.models import CallFailure
from webhooks.models import Delivery, Dispatch, OutboxEvent


@dataclass(frozen=True)
class Step:
    """One thing that happened; `ok` is None while it is still to come."""

    at: datetime
    kind: str
    title: str
    detail: str = ""
    ok: bool | None = True

    def due(self, now: datetime) -> str:
        """When it is to come, in words; empty for what has happened."""
        if self.ok is not None:
            return ""
        return f"due in {span((self.at - now).total_seconds())}" if self.at > now else "due now"


def of_delivery(delivery: Delivery) -> Iterator[Step]:
    yield Step(delivery.received_at, "delivery", f"{delivery.source} said {delivery.kind}", delivery.external_id)
    for fact in delivery.facts:
        about = ", ".join(f"{name} {value}" for name, value in fact.items() if name not in ("fact", "source") and value)
        yield Step(delivery.received_at, "fact", fact["fact"], about)
    if delivery.handled_at:
        ok = delivery.state != Delivery.State.DEAD
        yield Step(delivery.handled_at, "processing", f"delivery {delivery.state}", delivery.reason, ok)
    elif delivery.error:
        yield Step(delivery.due_at, "processing", f"try {delivery.attempts + 1} is due", delivery.reason, None)


def of_event(event: OutboxEvent) -> Iterator[Step]:
    yield Step(event.at, "event", event.name, event.about)
    for dispatch in event.dispatches.all():
        yield _dispatch(event, dispatch)


def _dispatch(event: OutboxEvent, dispatch: Dispatch) -> Step:
    if dispatch.done_at:
        return Step(dispatch.done_at, "sink", f"{event.name} handed to {dispatch.sink}")
    last_line = dispatch.error.strip().rpartition("\n")[2]
    return Step(dispatch.due_at, "sink", f"{event.name} is due for {dispatch.sink}", last_line, None)


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

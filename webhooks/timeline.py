"""The path of one thing from click to effect, read back from the rows that every step left behind."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from integrations.email.models import Mail
from webhooks.models import Delivery, Dispatch, OutboxEvent


@dataclass(frozen=True)
class Step:
    """One thing that happened; `ok` is None while it is still to come."""

    at: datetime
    kind: str
    title: str
    detail: str = ""
    ok: bool | None = True


Teller = Callable[[str], Iterable[Step]]
_tellers: dict[str, Teller] = {}


def tells(kind: str) -> Callable[[Teller], Teller]:
    """Let a domain add its own steps to the timeline of its subjects, called by the name after `kind:`."""

    def attach(teller: Teller) -> Teller:
        _tellers[kind] = teller
        return teller

    return attach


def of_subject(about: str) -> list[dict[str, Any]]:
    """Everything about one subject (`order:1001`): its events, what caused them, and where they went."""
    events = OutboxEvent.objects.filter(about=about)
    return _told(events, set(events.values_list("request_id", flat=True)), {about})


def of_request(request_id: str) -> list[dict[str, Any]]:
    """Everything that was done under one request id."""
    events = OutboxEvent.objects.filter(request_id=request_id)
    return _told(events, {request_id}, set(events.values_list("about", flat=True)))


def of_delivery(delivery: Delivery) -> list[dict[str, Any]]:
    """One delivery's path: what it said and meant, what was decided of it, and where that went."""
    events = (
        OutboxEvent.objects.filter(request_id=delivery.request_id)
        if delivery.request_id
        else OutboxEvent.objects.none()
    )
    return _told(events, {delivery.request_id}, set(events.values_list("about", flat=True)), [delivery])


def _told(
    events: QuerySet[OutboxEvent], request_ids: set[str], subjects: set[str], also: Iterable[Delivery] = ()
) -> list[dict[str, Any]]:
    found = {item.pk: item for item in Delivery.objects.filter(request_id__in=request_ids - {""})}
    found |= {item.pk: item for item in also}
    steps = [
        *(step for delivery in found.values() for step in _delivery(delivery)),
        *(step for event in events.prefetch_related("dispatches") for step in _event(event)),
        *(step for mail in Mail.objects.filter(about__in=subjects) for step in _mail(mail)),
        *(step for subject in subjects for step in _told_by_domain(subject)),
    ]
    return [asdict(step) for step in sorted(steps, key=lambda step: step.at)]


def _told_by_domain(subject: str) -> Iterable[Step]:
    kind, _, name = subject.partition(":")
    return _tellers[kind](name) if kind in _tellers else ()


def _delivery(delivery: Delivery) -> Iterator[Step]:
    yield Step(delivery.received_at, "delivery", f"{delivery.source} said {delivery.kind}", delivery.external_id)
    for fact in delivery.facts:
        about = ", ".join(f"{name} {value}" for name, value in fact.items() if name not in ("fact", "source") and value)
        yield Step(delivery.received_at, "fact", fact["fact"], about)
    if delivery.handled_at:
        ok = delivery.state != Delivery.State.DEAD
        yield Step(delivery.handled_at, "processing", f"delivery {delivery.state}", delivery.reason, ok)
    elif delivery.error:
        yield Step(delivery.due_at, "processing", f"try {delivery.attempts + 1} is due", delivery.reason, None)


def _event(event: OutboxEvent) -> Iterator[Step]:
    yield Step(event.at, "event", event.name, event.about)
    for dispatch in event.dispatches.all():
        yield _dispatch(event, dispatch)


def _dispatch(event: OutboxEvent, dispatch: Dispatch) -> Step:
    if dispatch.done_at:
        return Step(dispatch.done_at, "sink", f"{event.name} handed to {dispatch.sink}")
    last_line = dispatch.error.strip().rpartition("\n")[2]
    return Step(dispatch.due_at, "sink", f"{event.name} is due for {dispatch.sink}", last_line, None)


def _mail(mail: Mail) -> Iterator[Step]:
    yield Step(mail.created_at, "mail", f"mail written: {mail.subject}", ", ".join(mail.to))
    if mail.sent_at:
        yield Step(mail.sent_at, "mail", "mail sent", mail.outcome)
    elif mail.error:
        yield Step(mail.due_at, "mail", f"mail {mail.state}", mail.error, None if mail.state != "failed" else False)

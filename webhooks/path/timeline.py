"""The path of one thing from click to effect, read back from the rows that every step left behind.

Rows are joined by request id, and by what they are about: a domain knows by which references vendors speak of its
subjects, so the path is whole even where the news came in under another request.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, Protocol
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from integrations.email.models import Mail
from integrations.models import CallFailure
from webhooks.models import Delivery, Gap, OutboxEvent
from webhooks.models.deliveries import NAMES
from webhooks.path import handwork, steps
from webhooks.path.steps import Step

MOST = 100  # rows of one table that are told of for one reason: the newest


class Teller(Protocol):
    """What a domain knows of its subjects; a subject is `kind:name`."""

    def steps(self, name: str) -> Iterable[Step]:
        """The domain's own steps of one subject."""

    def references(self, name: str) -> Iterable[str]:
        """What vendors call the subject: the object keys of the deliveries about it."""

    def names(self, references: set[str]) -> Iterable[str]:
        """The reverse: the names of the subjects that any of these references, or ids of ours, belong to."""


_tellers: dict[str, Teller] = {}


def tells(kind: str, teller: Teller) -> None:
    """Let a domain tell of its subjects, those called `kind:…`."""
    _tellers[kind] = teller


def of_subject(about: str, *, for_staff: bool = False) -> list[dict[str, Any]]:
    """Everything about one subject (`order:1001`): its events, what caused them, and where they went.

    Failed tries and what people did to deliveries are told to staff alone.
    """
    return _told({about}, set(), for_staff=for_staff)


def of_request(request_id: str) -> list[dict[str, Any]]:
    """Everything that was done under one request id, and the whole path of what it was about."""
    return _told(_subjects_of_request(request_id), {request_id}, for_staff=True)


def of_delivery(delivery: Delivery) -> list[dict[str, Any]]:
    """One delivery's path: what it said and meant, and everything about the subject it speaks of."""
    references = {delivery.object_key} | {fact[name] for fact in delivery.facts for name in NAMES if fact.get(name)}
    subjects = _subjects_of_request(delivery.request_id) | set(_subjects_called(references - {""}))
    return _told(subjects, {delivery.request_id}, [delivery, *_of_the_same_object(delivery)], for_staff=True)


def _of_the_same_object(delivery: Delivery) -> Iterable[Delivery]:
    if not delivery.object_key:
        return []
    return Delivery.objects.filter(source=delivery.source, object_key=delivery.object_key).order_by("-pk")[:MOST]


def _subjects_of_request(request_id: str) -> set[str]:
    if not request_id:
        return set()
    rows = OutboxEvent.objects.filter(request_id=request_id).order_by("-pk")
    return set(rows.values_list("about", flat=True)[:MOST])


def _subjects_called(references: set[str]) -> Iterator[str]:
    for kind, teller in _tellers.items():
        yield from (f"{kind}:{name}" for name in teller.names(references))
    yield from (f"mail:{mail}" for mail in Mail.objects.filter(pk__in=uuids(references)).values_list("pk", flat=True))


def _told(
    subjects: set[str], request_ids: set[str], also: Iterable[Delivery] = (), *, for_staff: bool
) -> list[dict[str, Any]]:
    mails = _mails(subjects)
    subjects = subjects | {f"mail:{mail.pk}" for mail in mails} | {mail.about for mail in mails if mail.about}
    events = _events(subjects, request_ids - {""})
    request_ids = request_ids | {event.request_id for event in events}
    references = {str(mail.pk) for mail in mails} | set(_asked(subjects, "references"))
    deliveries = {item.pk: item for item in _deliveries(request_ids - {""}, references - {""})}
    deliveries |= {item.pk: item for item in also}
    told = [
        *(step for delivery in deliveries.values() for step in steps.of_delivery(delivery)),
        *(steps.of_gap(gap) for gap in Gap.objects.filter(delivery_id__in=deliveries).select_related("search")),
        *(step for event in events for step in steps.of_event(event)),
        *(step for mail in mails for step in steps.of_mail(mail)),
        *map(steps.of_call, CallFailure.objects.filter(request_id__in=request_ids - {""}).order_by("-pk")[:MOST]),
        *_asked(subjects, "steps"),
        *(handwork.of_deliveries(deliveries.values()) if for_staff else ()),
    ]
    now = timezone.now()
    return [asdict(step) | {"due": step.due(now)} for step in sorted(told, key=lambda step: step.at)]


def _mails(subjects: set[str]) -> list[Mail]:
    """The mails that are subjects themselves, and those about a subject or about what such a mail is about."""
    own = uuids(name for kind, _, name in (subject.partition(":") for subject in subjects) if kind == "mail")
    about = set(Mail.objects.filter(pk__in=own).exclude(about="").values_list("about", flat=True))
    return list(Mail.objects.filter(Q(pk__in=own) | Q(about__in=subjects | about)))


def _events(subjects: set[str], request_ids: set[str]) -> list[OutboxEvent]:
    """Those of the requests before those about the subjects: what is about something very busy may be left out."""
    rows = OutboxEvent.objects.order_by("-pk").prefetch_related("dispatches", "messages__log", "messages__endpoint")
    mine, others = rows.filter(request_id__in=request_ids), rows.filter(about__in=subjects)
    return list({row.pk: row for row in [*mine[:MOST], *others[:MOST]]}.values())


def _deliveries(request_ids: set[str], references: set[str]) -> list[Delivery]:
    rows = Delivery.objects.order_by("-pk")
    mine, others = rows.filter(request_id__in=request_ids), rows.filter(object_key__in=references)
    return [*mine[:MOST], *others[:MOST]]


def _asked(subjects: set[str], question: str) -> Iterator[Any]:
    for subject in subjects:
        kind, _, name = subject.partition(":")
        if kind in _tellers:
            yield from getattr(_tellers[kind], question)(name)


def uuids(texts: Iterable[str]) -> list[UUID]:
    """Those of the texts that are UUIDs."""
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found

"""What came of a try is written by whoever has it now, and by nobody who was overtaken."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from webhooks.endpoints.parcels import Outcome, Parcel, pack
from webhooks.endpoints.recording import record
from webhooks.endpoints.taking import lease, take
from webhooks.models import Attempt, Endpoint, Message, OutboxEvent

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def taken(later: timedelta = timedelta()) -> Parcel:
    (parcel,) = (pack(message, NOW) for message in take(lambda: timezone.now() + later, 1, {}))
    return parcel


def outcome(parcel: Parcel, status: int, code: str = "") -> Outcome:
    return Outcome(parcel=parcel, at=NOW, status=status, code=code, words=code)


def test_who_was_overtaken_leaves_a_line_in_the_log_and_no_fate(endpoint: Endpoint, happen: Any) -> None:
    happen()
    first = taken()
    second = taken(lease())
    record([outcome(first, 410, "gone")], NOW)
    assert Message.objects.get().state == "waiting"
    record([outcome(second, 200)], NOW)
    assert Message.objects.get().state == "delivered"
    assert [attempt.code for attempt in Attempt.objects.all()] == ["gone", ""]


def test_what_is_done_stays_done_when_it_is_recorded_again(endpoint: Endpoint, happen: Any) -> None:
    happen()
    parcel = taken()
    record([outcome(parcel, 200)], NOW)
    record([outcome(parcel, 410, "gone")], NOW)
    assert Message.objects.get().state == "delivered"
    assert Attempt.objects.get().status == 200


def test_one_that_is_disabled_already_is_neither_disabled_again_nor_well_by_late_news(
    endpoint: Endpoint, happen: Any
) -> None:
    happen(about="order:1")
    happen(about="order:2")
    parcels = [pack(message, NOW) for message in take(timezone.now, 4, {})]
    Endpoint.objects.update(state="disabled", reason="before", notices=1, failing_since=NOW)
    record([outcome(parcels[0], 410, "gone")], NOW)
    record([outcome(parcels[1], 200)], NOW)
    kept = Endpoint.objects.get()
    assert (kept.state, kept.reason) == ("disabled", "before")
    assert not OutboxEvent.objects.filter(name__startswith="endpoint.").exists()

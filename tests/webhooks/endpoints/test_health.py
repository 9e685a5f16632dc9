"""Endpoints that fail for long: warned of in time, disabled in the end, and well again with one success."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.email.models import Mail
from tests.webhooks.endpoints.conftest import send_due
from tests.webhooks.endpoints.receiver import Answer, Receiver
from webhooks.endpoints import requeueing, resending, services
from webhooks.endpoints.parcels import Outcome, pack
from webhooks.endpoints.recording import record
from webhooks.endpoints.taking import take
from webhooks.models import Endpoint, Message, OutboxEvent
from webhooks.outbox.catalogue import catalogue
from webhooks.outbox.relay import relay

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("true_to_the_catalogue")]

Happen = Callable[..., OutboxEvent]
DAY = timedelta(days=1)
ORDER = dict(catalogue()["order.paid"].example)


@pytest.fixture
def failing(endpoint: Endpoint, receiver: Receiver, happen: Happen) -> Callable[[datetime], list[str]]:
    """Let one more message fail at a moment; the events about endpoints that this led to."""
    receiver.usual = Answer(500)
    told: set[int] = set()

    def fail(moment: datetime) -> list[str]:
        happen(about=f"order:{moment.timestamp()}", **ORDER)
        send_due(moment)
        relay()
        fresh = OutboxEvent.objects.filter(name__startswith="endpoint.").exclude(pk__in=told).order_by("pk")
        names = [event.name for event in fresh]
        told.update(event.pk for event in fresh)
        endpoint.refresh_from_db()
        return names

    return fail


def test_it_is_warned_after_one_day_and_three_and_disabled_after_five(
    endpoint: Endpoint, failing: Callable[[datetime], list[str]], customer: Any
) -> None:
    now = timezone.now()
    hours = {hour: failing(now + timedelta(hours=hour)) for hour in (0, 6, 12, 23, 25, 40, 60, 73, 90, 119, 121)}
    told = {hour: names for hour, names in hours.items() if names}
    assert told == {25: ["endpoint.failing"], 73: ["endpoint.failing"], 121: ["endpoint.disabled"]}
    assert endpoint.state == "disabled"
    mails = list(Mail.objects.order_by("created_at"))
    assert [mail.to for mail in mails] == [[customer.email]] * 3
    assert "It answered 500." in mails[0].text
    assert (endpoint.failing_since + 5 * DAY).strftime("%-d %B %Y, %H:%M") in mails[0].text
    assert "was disabled" in mails[2].subject


def test_days_of_failing_without_enough_tries_do_not_disable(
    endpoint: Endpoint, failing: Callable[[datetime], list[str]], settings: Any
) -> None:
    settings.ENDPOINT_DISABLE_FAILURES = 10
    now = timezone.now()
    Message.objects.all().delete()
    assert failing(now) == []
    assert failing(now + 6 * DAY) == ["endpoint.failing"]
    assert endpoint.failures < 10
    assert endpoint.state == "enabled"


def test_one_success_forgets_all_and_tells_whoever_was_warned(
    endpoint: Endpoint, receiver: Receiver, failing: Callable[[datetime], list[str]], happen: Happen
) -> None:
    now = timezone.now()
    failing(now)
    failing(now + 2 * DAY)
    receiver.usual = Answer(200)
    happen(about="order:later", **ORDER)
    send_due(now + 3 * DAY)
    endpoint.refresh_from_db()
    assert (endpoint.failing_since, endpoint.failures, endpoint.notices) == (None, 0, 0)
    assert OutboxEvent.objects.filter(name="endpoint.recovered").count() == 1
    send_due(now + 4 * DAY)
    assert OutboxEvent.objects.filter(name="endpoint.recovered").count() == 1


def test_a_short_failure_is_nobodys_business(
    endpoint: Endpoint, receiver: Receiver, failing: Callable[[datetime], list[str]]
) -> None:
    now = timezone.now()
    assert failing(now) == []
    receiver.usual = Answer(200)
    send_due(now + timedelta(minutes=1))
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None
    assert not OutboxEvent.objects.filter(name__startswith="endpoint.").exists()


def test_nobody_is_told_of_their_own_failing_at_the_endpoint_that_fails(
    endpoint: Endpoint, failing: Callable[[datetime], list[str]], customer: Any, receiver: Receiver
) -> None:
    other = services.create(customer, url=receiver.url + "/other", events=["endpoint.*"])
    now = timezone.now()
    failing(now)
    assert failing(now + 2 * DAY) == ["endpoint.failing"]
    assert not endpoint.messages.filter(name__startswith="endpoint.").exists()
    assert list(other.messages.values_list("name", flat=True)) == ["endpoint.failing"]


def test_resuming_a_disabled_one_sends_what_was_queued_and_resending_what_was_not(
    endpoint: Endpoint, receiver: Receiver, happen: Happen
) -> None:
    before = timezone.now()
    receiver.usual = Answer(500)
    happen(about="order:queued", **ORDER)
    send_due()
    Endpoint.objects.update(state="disabled")
    happen(about="order:missed", **ORDER)
    endpoint.refresh_from_db()
    assert Message.objects.count() == 1
    receiver.usual = Answer(200)
    services.resume(endpoint)
    assert [outcome.ok for outcome in send_due()] == [True]
    resending.resend_since(endpoint, before)
    assert requeueing.take_turn() == 1
    assert [outcome.ok for outcome in send_due()] == [True]
    assert set(Message.objects.values_list("state", flat=True)) == {"delivered"}
    resending.resend_since(endpoint, before)
    assert requeueing.take_turn() == 0
    resending.resend_since(endpoint, before, delivered_too=True)
    assert requeueing.take_turn() == 2


def test_what_the_old_address_answers_says_nothing_of_the_new_one(endpoint: Endpoint, happen: Happen) -> None:
    happen(**ORDER)
    now = timezone.now()
    (parcel,) = (pack(message, now) for message in take(lambda: now, 1, {}))
    services.change(endpoint, url="http://127.0.0.1:9999/moved")
    record([Outcome(parcel=parcel, at=now, status=410, code="gone", words="It answered 410.")], now)
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.failures, endpoint.failing_since) == ("enabled", 0, None)


def test_a_success_that_was_under_way_when_another_failed_ends_the_failing(endpoint: Endpoint, happen: Happen) -> None:
    happen(**ORDER)
    happen(about="order:2", **ORDER)
    now = timezone.now()
    first, second = (pack(message, now) for message in take(lambda: now, 4, {}))
    record([Outcome(parcel=first, at=now, status=500, code="status_500", words="It answered 500.")], now)
    endpoint.refresh_from_db()
    assert endpoint.failing_since == now
    record([Outcome(parcel=second, at=now, status=200)], now)
    endpoint.refresh_from_db()
    assert (endpoint.failing_since, endpoint.failures) == (None, 0)

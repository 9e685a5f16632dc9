"""The log is kept for a month, and what is not done is kept until it is."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from webhooks.endpoints import trimming
from webhooks.models import Attempt, Endpoint, Message

pytestmark = pytest.mark.django_db


def message(endpoint: Endpoint, days: int, **fields: Any) -> Message:
    moment = timezone.now() - timedelta(days=days)
    made = Message.objects.create(endpoint=endpoint, name="order.paid", created_at=moment, sample={}, **fields)
    Attempt.objects.create(message=made, number=1, at=moment, ms=1, url=endpoint.url, status=200)
    return made


def done(endpoint: Endpoint, days: int) -> Message:
    return message(endpoint, days, state="delivered", done_at=timezone.now() - timedelta(days=days))


def test_what_was_done_longer_ago_than_the_log_is_kept_goes_with_its_tries(
    endpoint: Endpoint, monkeypatch: Any
) -> None:
    monkeypatch.setattr(trimming, "BATCH", 2)
    kept = done(endpoint, 29)
    for _ in range(5):
        done(endpoint, 31)
    assert trimming.trim(timezone.now()) == 5
    assert [one.pk for one in Message.objects.all()] == [kept.pk]
    assert Attempt.objects.count() == 1


def test_how_long_is_a_setting(endpoint: Endpoint, settings: Any) -> None:
    settings.ENDPOINT_LOG_DAYS = 2
    done(endpoint, 3)
    assert trimming.trim(timezone.now()) == 1


@pytest.mark.parametrize(("state", "days"), [("enabled", 300), ("paused", 29)])
def test_what_is_still_to_be_sent_stays_however_old(endpoint: Endpoint, state: str, days: int) -> None:
    Endpoint.objects.update(state=state, since=timezone.now() - timedelta(days=days))
    message(endpoint, 200)
    assert trimming.trim(timezone.now()) == 0


def test_what_waits_for_one_disabled_for_as_long_goes(endpoint: Endpoint) -> None:
    Endpoint.objects.update(state="disabled", since=timezone.now() - timedelta(days=29))
    message(endpoint, 31)
    assert trimming.trim(timezone.now()) == 0
    Endpoint.objects.update(since=timezone.now() - timedelta(days=31))
    assert trimming.trim(timezone.now()) == 1


def test_what_waits_for_one_paused_for_as_long_goes_too(endpoint: Endpoint) -> None:
    Endpoint.objects.update(state="paused", since=timezone.now() - timedelta(days=31))
    kept = message(endpoint, 29)
    message(endpoint, 31)
    assert trimming.trim(timezone.now()) == 1
    assert Message.objects.get() == kept

"""Taking due rows, and how long to wait after a failure."""

import math
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from integrations.claims import LONGEST, backoff, claim, lease
from integrations.email.models import Mail
from integrations.errors import DeadlineExceeded
from integrations.http import deadline


def mail(**fields) -> Mail:
    return Mail.objects.create(sender="a@example.com", to=["b@example.com"], subject="s", text="t", **fields)


def ago(**duration) -> object:
    return timezone.now() - timedelta(**duration)


@pytest.mark.django_db
def test_a_claimed_row_is_nobody_elses_until_its_lease_ends():
    row = mail()
    with override_settings(LEASE_SECONDS=30.0):
        assert [taken.attempts for taken in claim(Mail.objects.all(), 10)] == [1]
        assert claim(Mail.objects.all(), 10) == []
    Mail.objects.update(due_at=ago(seconds=1))
    assert [(again.pk, again.attempts) for again in claim(Mail.objects.all(), 10)] == [(row.pk, 2)]


@pytest.mark.django_db
def test_the_lease_is_as_long_as_the_settings_say():
    mail()
    with override_settings(LEASE_SECONDS=30.0):
        claim(Mail.objects.all(), 10)
    left = Mail.objects.get().due_at - timezone.now()
    assert timedelta(seconds=20) < left <= timedelta(seconds=30)


@pytest.mark.django_db
def test_the_work_on_a_row_has_what_is_left_of_its_lease_and_no_more():
    mail()
    with override_settings(LEASE_SECONDS=30.0):
        (row,) = claim(Mail.objects.all(), 10)
    with lease(row):
        assert 29 < deadline.remaining() <= 30
    row.due_at -= timedelta(seconds=31)
    with lease(row), pytest.raises(DeadlineExceeded):
        deadline.require("a vendor")


@pytest.mark.django_db
def test_rows_are_taken_oldest_first_and_no_more_than_asked():
    newer, oldest, newest = mail(due_at=ago(hours=2)), mail(due_at=ago(hours=3)), mail(due_at=ago(hours=1))
    assert [row.pk for row in claim(Mail.objects.all(), 2)] == [oldest.pk, newer.pk]
    assert [row.pk for row in claim(Mail.objects.all(), 2)] == [newest.pk]


@pytest.mark.django_db
def test_what_is_not_due_or_not_asked_for_is_left_alone():
    later, sent = mail(due_at=ago(hours=-1)), mail(state=Mail.State.SENT)
    assert claim(Mail.objects.filter(state=Mail.State.WAITING), 10) == []
    assert {row.attempts for row in Mail.objects.filter(pk__in=[later.pk, sent.pk])} == {0}


@pytest.mark.django_db
def test_changes_are_written_with_the_claim():
    mail()
    claim(Mail.objects.all(), 10, state=Mail.State.SENDING)
    assert Mail.objects.get().state == Mail.State.SENDING


@given(attempt=st.integers(1, 10**9))
def test_the_wait_doubles_up_to_six_hours_and_half_of_it_is_jitter(attempt):
    ceiling = min(2.0 * 2.0 ** min(attempt - 1, 60), LONGEST)
    assert ceiling / 2 <= backoff(attempt).total_seconds() <= ceiling


def test_no_two_waits_are_alike():
    assert len({backoff(5) for _ in range(20)}) > 10


@given(attempt=st.integers(1, 40), asked=st.floats(0, LONGEST))
def test_it_never_waits_less_than_the_vendor_asked(attempt, asked):
    assert backoff(attempt, asked) >= timedelta(seconds=asked)


@pytest.mark.parametrize("asked", [LONGEST * 10, 1e300, math.inf])
def test_no_vendor_parks_a_row_past_six_hours(asked):
    assert backoff(1, asked) == timedelta(seconds=LONGEST)


@pytest.mark.parametrize("asked", [None, 0.0, -5.0])
def test_a_vendor_that_asks_for_nothing_is_not_hammered(asked):
    assert backoff(1, asked) >= timedelta(seconds=1)

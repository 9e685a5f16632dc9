"""When a message is tried again, and how far a receiver may say."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.endpoints.schedule import LONGEST, WAITS, asked_for, most, wait_after

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_the_schedule_is_that_of_standard_webhooks():
    minutes = [wait / 60 for wait in WAITS]
    assert minutes == [0, 5 / 60, 5, 30, 120, 300, 600, 840, 1200, 1440]
    assert sum(WAITS) == timedelta(hours=75, minutes=35, seconds=5).total_seconds()


@pytest.mark.parametrize("tries", range(1, 10))
def test_a_wait_is_the_schedules_and_a_fifth_more_or_less(tries):
    waits = {wait_after(tries) for _ in range(200)}
    lowest, highest = min(waits).total_seconds(), max(waits).total_seconds()
    assert 0.8 * WAITS[tries] <= lowest < 0.9 * WAITS[tries]
    assert 1.1 * WAITS[tries] < highest <= 1.2 * WAITS[tries]


@pytest.mark.parametrize("tries", [10, 11, 1000])
def test_after_ten_tries_there_is_no_other(tries):
    assert wait_after(tries) is None
    assert wait_after(tries, asked=1.0) is None


@given(tries=st.integers(1, 9), asked=st.floats(0, 1e12))
def test_what_is_asked_for_only_lengthens_and_never_parks(tries, asked):
    wait = wait_after(tries, asked).total_seconds()
    assert wait >= 0.8 * WAITS[tries]
    assert wait >= min(asked, most(tries))
    assert wait <= max(1.2 * WAITS[tries], most(tries))


def test_a_day_is_the_longest_that_a_receiver_may_ask_for_unless_the_schedule_is_that_long_itself():
    assert wait_after(1, asked=1e9) == timedelta(seconds=LONGEST)
    assert wait_after(9, asked=1e9) == timedelta(hours=48)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("Tue, 24 Nov 2026 12:10:00 GMT", 600.0),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
        ("Tue, 24 Nov 2026 13:10:00 +0100", 600.0),
        ("999999999", 999_999_999.0),
    ],
)
def test_both_forms_of_retry_after_are_read(header, seconds):
    assert asked_for(header, NOW) == seconds


@pytest.mark.parametrize(
    "header",
    ["", "soon", "-5", "1.5", "1e9", "inf", "nan", "٣", "9" * 4000, "\x00", "5, 6", "Tue, 99 Nov 2026 12:10:00 GMT",
     "Tue, 24 Nov 99999 12:00:00 GMT"],
)  # fmt: skip
def test_what_is_no_retry_after_asks_for_nothing(header):
    assert asked_for(header, NOW) is None


@given(st.text() | st.datetimes().map(lambda moment: f"{moment:%a, %d %b %Y %H:%M:%S} -2359"))
def test_any_header_can_be_read(header):
    assert asked_for(header, NOW) is None or asked_for(header, NOW) >= 0

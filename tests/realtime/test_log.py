"""The log: numbers without gaps, each event once per stream, trimmed from the old end only."""

from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest
from django.db import transaction

from realtime import log
from realtime.models import Stream, StreamEvent
from realtime.services import open_stream, trim
from realtime.sink import remember
from tests.realtime.conftest import aside, event, tell

pytestmark = pytest.mark.django_db


def numbers(key: str) -> list[int]:
    return list(StreamEvent.objects.filter(stream__key=key).order_by("seq").values_list("seq", flat=True))


def test_an_event_reaches_its_person_and_the_staff() -> None:
    tell(event(user=1), event(user=2), event(user=1))
    assert (numbers("user:1"), numbers("user:2"), numbers("staff")) == ([1, 2], [1], [1, 2, 3])


def test_an_event_of_nobody_is_for_the_staff_alone() -> None:
    tell(event(user=None))
    assert Stream.objects.get().key == "staff"


def test_the_same_event_again_changes_nothing() -> None:
    once = event()
    tell(once, once)
    assert numbers("user:1") == numbers("staff") == [1]


def test_an_event_rolled_back_leaves_no_gap() -> None:
    with transaction.atomic():
        remember(event())
        transaction.set_rollback(True)
    tell(event())
    assert numbers("user:1") == [1]


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_leave_no_gap() -> None:
    writers = [Thread(target=aside, args=[tell, *(event(user=user) for user in (1, 2) * 10)]) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert numbers("user:1") == numbers("user:2") == list(range(1, 41))
    assert numbers("staff") == list(range(1, 81))


def test_trimming_forgets_what_is_old_and_keeps_the_numbering() -> None:
    tell(*(old(event()) for _ in range(3)), event())
    assert trim() == 6
    assert numbers("user:1") == [4]
    assert open_stream("user:1").seq == 4


def test_trimming_never_makes_a_hole() -> None:
    """An old event that was relayed late stands behind newer ones, and stays as long as they do."""
    tell(old(event()), event(), old(event()), event())
    trim()
    assert numbers("user:1") == [2, 3, 4]


def test_a_stream_whose_every_event_is_old_still_knows_where_it_was() -> None:
    tell(old(event()), old(event()))
    trim()
    tell(event())
    assert numbers("user:1") == [3]


def test_many_streams_are_read_at_once() -> None:
    tell(*(event(user=user) for user in range(1, 451)))
    marks = dict.fromkeys(Stream.objects.exclude(key="staff").values_list("pk", flat=True), 0)
    assert len(log.after(marks, limit=1000)) == 450


def old(one: object) -> object:
    return replace(one, at=one.at - timedelta(days=8))

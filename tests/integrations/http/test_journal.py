"""Records of calls become rows without the call waiting for them, and are never lost silently."""

import threading
import time
from collections import Counter

import pytest
from django.db import OperationalError, transaction

from integrations import callstore
from integrations.http import journal as journals
from integrations.http import metrics
from integrations.http.journal import MOST_FAILURES, Failure, Journal, Slot
from integrations.models import CallCount, CallFailure


def failure(**changes):
    given = {
        "vendor": "acme", "operation": "POST /things", "status": 500, "outcome": "vendor_unavailable", "latency_ms": 12,
        "attempt": 1, "request_id": "r" * 32, "excerpt": "", "at": 1_700_000_000.0,
    }  # fmt: skip
    return Failure(**given | changes)


class Shelf:
    """A store that fails as it is told."""

    def __init__(self):
        self.counts, self.failures, self.errors = [], [], []

    def __call__(self, counts, failures):
        if self.errors:
            raise self.errors.pop(0)
        self.counts.append(dict(counts))
        self.failures += failures


@pytest.fixture
def lost(monkeypatch):
    found = {"failure": 0, "count": 0}

    def add(number, kind):
        found[kind] += number

    monkeypatch.setattr(metrics.lost, "add", add)
    monkeypatch.setattr(metrics.lost, "count", lambda kind: add(1, kind))
    return found


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def journal(shelf):
    return Journal(shelf, 0)


def test_what_came_together_is_written_once(journal, shelf):
    for _ in range(3):
        journal.count("acme", True, 7)
    journal.keep(failure())
    journal.flush()
    journal.flush()
    assert [sum(counts.values()) for counts in shelf.counts] == [3]
    assert {slot[2:] for slot in shelf.counts[0]} == {(True, 10)}
    assert shelf.failures == [failure()]


def test_nothing_is_lost_while_the_database_is_away(journal, shelf, lost):
    shelf.errors = [OperationalError("away")] * 2
    journal.count("acme", True, 7)
    journal.keep(failure())
    journal.flush()
    journal.count("acme", True, 7)
    journal.flush()
    journal.flush()
    assert sum(shelf.counts[0].values()) == 2
    assert shelf.failures == [failure()]
    assert lost == {"failure": 0, "count": 0}


def test_what_does_not_fit_is_counted_as_lost(journal, shelf, lost):
    shelf.errors = [OperationalError("away")]
    for _ in range(MOST_FAILURES + 3):
        journal.keep(failure())
    assert lost["failure"] == 3
    journal.flush()
    journal.flush()
    assert len(shelf.failures) == MOST_FAILURES


def test_what_an_outage_leaves_no_room_for_is_counted_as_lost(journal, shelf, lost):
    shelf.errors = [OperationalError("away")]
    journal._write = _meanwhile(journal, journal._write)
    for _ in range(MOST_FAILURES):
        journal.keep(failure())
    journal.flush()
    journal.flush()
    assert (len(shelf.failures), lost["failure"]) == (MOST_FAILURES, 5)


def _meanwhile(journal, write):
    def writing(*taken):
        for _ in range(5) if journal._in_vain == 0 and not journal._store.failures else ():
            journal.keep(failure())
        write(*taken)

    return writing


def test_a_record_that_can_never_be_stored_does_not_keep_the_others_from_it(journal, shelf, lost):
    shelf.errors = [ValueError("cannot be stored")]
    journal.keep(failure())
    journal.flush()
    journal.keep(failure(vendor="other"))
    journal.flush()
    assert [item.vendor for item in shelf.failures] == ["other"]
    assert lost["failure"] == 1


def test_a_thread_writes_by_itself_and_once_more_at_the_end(shelf):
    journal = Journal(shelf, 0.001)
    written = threading.Event()
    journal._store = lambda counts, failures: (shelf(counts, failures), written.set())
    journal.count("acme", True, 7)
    assert written.wait(60)
    thread = journal._thread
    journal.count("acme", True, 7)
    journal.close()
    assert not thread.is_alive()
    assert sum(sum(counts.values()) for counts in shelf.counts) == 2


def test_the_thread_outlives_whatever_goes_wrong_in_a_writing(shelf, monkeypatch):
    failed, written = threading.Event(), threading.Event()

    def share():
        if not failed.is_set():
            failed.set()
            raise RuntimeError("a cache of a new kind")

    monkeypatch.setattr("integrations.http.quota.share", share)
    journal = Journal(lambda counts, failures: (shelf(counts, failures), written.set()), 0.001)
    journal.count("acme", True, 7)
    assert failed.wait(60)
    assert written.wait(60)
    journal.close()


def test_counts_that_an_outage_piles_up_are_bounded(journal, shelf, lost, monkeypatch):
    monkeypatch.setattr(journals, "MOST_COUNTS", 3)
    shelf.errors = [OperationalError("away")] * 3
    for number in range(9):
        journal.count(f"vendor-{number}", True, 7)
        if number % 3 == 2:
            taken, journal._counts = journal._counts, Counter()
            journal.count(f"meanwhile-{number}", True, 7)
            journal._put_back(taken, [])
    assert len(journal._counts) == 3
    assert lost["count"] == 9


def test_after_its_end_a_new_record_starts_it_again(shelf):
    journal = Journal(shelf, 60)
    for _ in range(2):
        journal.count("acme", True, 7)
        journal.close()
    assert len(shelf.counts) == 2


def test_a_child_leaves_to_its_parent_what_the_parent_had_noted(journal, shelf):
    journal.count("acme", True, 7)
    journal.forked()
    journal.flush()
    assert shelf.counts == []


def test_a_storm_of_refusals_is_told_as_a_number(journal, caplog, capsys):
    assert [journal.reject("acme", "x", "circuit_open") for _ in range(1000)].count(True) == 1
    journal.flush()
    assert journal.reject("acme", "x", "circuit_open")


# In the database


def slot(vendor="acme", minute=28_000_000, ok=True, bucket=10):
    return Slot(vendor, minute, ok, bucket)


@pytest.mark.django_db(transaction=True)
def test_counts_of_many_processes_add_up():
    def add():
        for _ in range(10):
            callstore.store({slot(): 1, slot(ok=False): 2, slot("other"): 1}, [])
        callstore.connection.close()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert CallCount.objects.get(vendor="acme", ok=True).count == 40
    assert CallCount.objects.get(vendor="acme", ok=False).count == 80
    assert CallCount.objects.get(vendor="acme", ok=True).minute == slot().starts


@pytest.mark.django_db(transaction=True)
def test_records_survive_the_callers_rollback():
    journal = Journal(callstore.store, 0.001)
    with transaction.atomic():
        journal.keep(failure())
        transaction.set_rollback(True)
    journal.count("acme", True, 1)
    journal.close()
    assert CallFailure.objects.count() == 1


@pytest.mark.django_db
def test_hostile_words_are_stored_masked_and_short():
    hostile = "\x00\ud800 sk_live_" + "a1B2c3D4" * 4 + " " + "x" * 5000
    callstore.store({slot("v\x00" * 100): 1}, [failure(excerpt=hostile, operation="o\x00" * 300, outcome="z" * 99)])
    row = CallFailure.objects.get()
    assert "a1B2c3D4" not in row.excerpt
    assert len(row.excerpt) <= CallFailure.EXCERPT
    assert (len(row.operation), len(row.outcome), row.excerpt.isprintable()) == (100, 40, True)


@pytest.mark.django_db
def test_rows_end_after_their_time():
    now = time.time()
    day = 24 * 3600
    ages = [failure(at=now - 6.9 * day), failure(at=now - 7.1 * day)]
    minutes = {slot(minute=int((now - 1.9 * day) // 60)): 1, slot(minute=int((now - 2.1 * day) // 60)): 1}
    callstore.store(minutes, ages)
    assert callstore.trim() == 2
    assert (CallFailure.objects.count(), CallCount.objects.count()) == (1, 1)

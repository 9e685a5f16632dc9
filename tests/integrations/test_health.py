"""Probing vendors: when an incident opens and closes, what it says, and that nobody waits for one that hangs."""

import threading
import time
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from integrations import health, observations
from integrations.causes import TABLE, code_of
from integrations.errors import (
    CircuitOpen,
    DeadlineExceeded,
    Forbidden,
    IntegrationError,
    Mismatch,
    OutcomeUnknown,
    Permanent,
    RateLimited,
    Reconnect,
    Retryable,
    Unauthorized,
)
from integrations.incidents import settle
from integrations.models import CallCount, CallFailure, Incident, State, VendorHealth
from tests.integrations.patient import NOON, Patient, after

pytestmark = pytest.mark.django_db(transaction=True)


def because(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def answered(error: IntegrationError, status: int) -> IntegrationError:
    error.status = status
    return error


def incidents() -> list[tuple[str, bool]]:
    return [(row.kind, row.closed_at is None) for row in Incident.objects.order_by("pk")]


def test_a_vendor_that_answers_is_up(acme: Patient) -> None:
    assert health.check("acme", NOON) == State.UP
    row = VendorHealth.objects.get()
    assert (row.state, row.last_good_at, row.since) == (State.UP, NOON, NOON)


def test_one_failure_is_an_accident_and_the_second_an_incident(acme: Patient) -> None:
    acme.error = Unauthorized("acme answered 401")
    assert health.check("acme", NOON) == State.UP
    assert incidents() == []
    assert health.check("acme", after(30)) == State.DOWN
    incident = Incident.objects.get()
    assert (incident.opened_at, incident.code) == (after(30), "unauthorized")
    assert incident.cause == "The key is not accepted."
    assert "ACME_API_KEY" in incident.remedy
    assert "WEBHOOK" not in incident.remedy


def test_failures_that_are_not_in_a_row_are_no_incident(acme: Patient) -> None:
    for number, error in enumerate([Retryable("x"), None, Retryable("x"), None]):
        acme.error = error
        health.check("acme", after(30 * number))
    assert incidents() == []


def test_recovery_closes_the_incident_and_the_next_outage_opens_another(acme: Patient) -> None:
    for number, error in enumerate([OutcomeUnknown("x")] * 3 + [None] + [OutcomeUnknown("x")] * 2):
        acme.error = error
        health.check("acme", after(30 * number))
    assert incidents() == [("down", False), ("down", True)]
    assert Incident.objects.earliest("pk").closed_at == after(90)
    assert VendorHealth.objects.get().since == after(150)


def test_an_incident_whose_cause_changes_keeps_the_first_and_adds_the_new_one(acme: Patient) -> None:
    late = because(OutcomeUnknown("x"), httpx2.ReadTimeout("slow"))
    for number, error in enumerate([late, late, Forbidden("x")]):
        acme.error = error
        health.check("acme", after(30 * number))
    incident = Incident.objects.get()
    assert (incident.code, incident.opened_at) == ("timeout", after(30))
    assert incident.cause.endswith(" Later: The key is good and may not do what we ask.")


def test_two_that_find_the_same_open_one_incident(acme: Patient) -> None:
    barrier = threading.Barrier(8)

    def find() -> None:
        from django.db import connection

        barrier.wait()
        settle("acme", "down", "timeout", TABLE["timeout"], NOON)
        connection.close()

    threads = [threading.Thread(target=find) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert incidents() == [("down", True)]
    assert acme.events == ["degraded"]


def test_a_probe_that_hangs_is_given_up_in_time(acme: Patient, settings: Any) -> None:
    settings.PROBE_DEADLINE = 0.05
    released = threading.Event()
    acme.provider.health(lambda: released.wait(30) and None)
    started = time.perf_counter()
    try:
        health.check("acme", NOON)
        took = time.perf_counter() - started
    finally:
        released.set()
    assert took < 25
    assert VendorHealth.objects.get().code == "timeout"


def test_a_vendor_without_a_probe_is_judged_by_its_circuit(acme: Patient, circuit: Any) -> None:
    acme.provider._health = None
    assert health.check("acme", NOON) == State.NEW
    circuit(state="open")
    assert health.check("acme", after(30)) == State.DOWN
    assert Incident.objects.get().code == "circuit_open"
    circuit(state="half_open")
    assert health.check("acme", after(60)) == State.DEGRADED
    assert incidents() == [("down", False), ("degraded", True)]


def test_a_vendor_without_a_probe_that_was_in_use_is_not_new_again(acme: Patient) -> None:
    acme.provider._health = None
    answer_well(0)
    assert health.check("acme", after(10)) == State.UP
    assert health.check("acme", after(3600)) == State.UP


def test_a_probe_that_was_not_let_out_says_nothing_of_the_vendor(acme: Patient, circuit: Any) -> None:
    acme.error = CircuitOpen("held by staff")
    circuit(mode="open")
    for number in range(3):
        assert health.check("acme", after(30 * number)) == State.DOWN
    circuit(mode="auto")
    assert health.judge("acme", after(91)) != State.DOWN
    assert incidents() == [("down", False)]


def test_a_circuit_that_only_watches_does_not_make_a_vendor_down(acme: Patient, circuit: Any) -> None:
    circuit(state="open", mode="watch")
    assert health.check("acme", NOON) == State.UP


def test_a_vendor_that_only_speaks_is_up_once_it_has_been_heard(acme: Patient) -> None:
    acme.provider._health = None
    health.heard("acme", NOON)
    health.heard("acme", NOON - timedelta(hours=1))
    assert health.check("acme", after(5)) == State.UP
    assert observations.last_good("acme") == NOON


def test_traffic_that_fails_now_and_then_degrades(acme: Patient) -> None:
    health.heard("acme", NOON)
    for ok, count in ((True, 7), (False, 3)):
        CallCount.objects.create(vendor="acme", minute=NOON, ok=ok, bucket_ms=25, count=count)
    assert health.judge("acme", after(10)) == State.DEGRADED
    assert Incident.objects.get().code == "error_rate"
    assert health.judge("acme", after(3600)) == State.UP
    assert incidents() == [("degraded", False)]


def refuse(second: float, outcome: str = "unauthorized") -> None:
    CallFailure.objects.create(vendor="acme", operation="POST /x", outcome=outcome, latency_ms=9, at=after(second))


def answer_well(second: float) -> None:
    minute = after(second).replace(second=0)
    CallCount.objects.create(vendor="acme", minute=minute, ok=True, bucket_ms=25, count=1)


@pytest.mark.usefixtures("acme")
def test_two_calls_that_were_refused_open_an_incident_of_their_own_at_once() -> None:
    answer_well(0)
    refuse(10)
    assert health.judge("acme", after(11)) == State.UP
    refuse(12)
    assert health.judge("acme", after(13)) == State.DOWN
    assert Incident.objects.get().cause == "The key is not accepted."


@pytest.mark.usefixtures("acme")
def test_refused_calls_are_over_with_the_first_that_ends_well_and_not_with_silence() -> None:
    refuse(10)
    refuse(12)
    for moment in (13, 3600):
        assert health.judge("acme", after(moment)) == State.DOWN
    answer_well(3660)
    assert health.judge("acme", after(3670)) != State.DOWN


@pytest.mark.usefixtures("acme")
def test_refused_calls_are_over_with_a_probe_that_ends_well() -> None:
    refuse(10)
    refuse(12)
    assert health.check("acme", after(13)) == State.UP


@pytest.mark.usefixtures("acme")
def test_a_key_that_may_not_do_one_thing_and_does_others_is_no_outage() -> None:
    answer_well(0)
    refuse(10, "forbidden")
    refuse(12, "forbidden")
    assert health.judge("acme", after(13)) == State.UP


@pytest.mark.usefixtures("acme")
def test_refusals_of_long_ago_open_nothing() -> None:
    refuse(10)
    refuse(12)
    assert health.judge("acme", after(400)) != State.DOWN


def test_an_outage_that_is_over_does_not_go_on_as_degraded(acme: Patient) -> None:
    for number in range(20):
        acme.error = Retryable("x") if number < 10 else None
        state = health.check("acme", after(10 * number))
        assert state in (State.UP, State.DOWN), number
    assert incidents() == [("down", False)]


def test_a_fault_of_our_own_is_not_blamed_on_the_vendor(acme: Patient) -> None:
    acme.error = KeyError("ours")
    health.check("acme", NOON)
    health.check("acme", after(30))
    assert "fault in Patchbay" in Incident.objects.get().remedy


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unauthorized("x"), "unauthorized"),
        (Forbidden("x"), "forbidden"),
        (Reconnect("x"), "reconnect"),
        (CircuitOpen("x"), "circuit_open"),
        (RateLimited("x"), "rate_limited"),
        (because(Retryable("x"), httpx2.ConnectError("refused")), "unreachable"),
        (because(Retryable("x"), httpx2.ReadTimeout("slow")), "timeout"),
        (because(OutcomeUnknown("x"), httpx2.ReadTimeout("slow")), "timeout"),
        (because(OutcomeUnknown("x"), httpx2.RemoteProtocolError("cut off")), "vendor_unavailable"),
        (answered(OutcomeUnknown("cannot be read"), 200), "vendor_unavailable"),
        (answered(OutcomeUnknown("acme answered 500"), 500), "server_error"),
        (DeadlineExceeded("x"), "timeout"),
        (answered(Retryable("acme answered 503: sorry"), 503), "server_error"),
        (answered(Retryable("acme answered 408: no 500 of yours answered 500"), 408), "vendor_unavailable"),
        (Retryable("x"), "vendor_unavailable"),
        (Permanent("x"), "vendor_refused"),
        (Mismatch("x"), "vendor_refused"),
        (ValueError("x"), "broken"),
    ],
)
def test_each_error_has_its_cause(error: Exception, code: str) -> None:
    assert code_of(error) == code
    assert code in TABLE

"""Staff's orders: with a reason, kept for good, in force everywhere and after every start."""

from typing import Any

import pytest

from integrations import control, health, observations
from integrations.http import state as circuits
from integrations.models import BreakerOrder, State
from tests.integrations.patient import NOON, Patient, after

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_order_is_kept_with_its_reason_and_carried_out(acme: Patient) -> None:
    control.give("acme", "open", "  they asked us to stop ", None)
    assert observations.look("acme").mode == "open"
    order = BreakerOrder.objects.get()
    assert (order.vendor, order.mode, order.reason) == ("acme", "open", "they asked us to stop")
    assert health.check("acme", NOON) == State.DOWN


@pytest.mark.parametrize(("mode", "reason"), [("open", " "), ("melt", "because")])
def test_an_order_that_says_no_reason_or_does_not_exist_changes_nothing(acme: Patient, mode: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"Say why|melt"):
        control.give("acme", mode, reason, None)
    assert BreakerOrder.objects.count() == 0
    assert observations.look("acme").mode == "auto"


def test_the_newest_order_is_in_force_again_wherever_it_is_not(acme: Patient) -> None:
    control.give("acme", "disabled", "a test", None)
    control.give("acme", "watch", "another", None)
    circuits.forget()  # another process, or a Redis that has lost everything
    assert control.enforce() == 1
    assert observations.look("acme").mode == "watch"
    assert control.enforce() == 0


def test_an_order_given_while_the_older_one_is_looked_at_is_not_undone(acme: Patient, monkeypatch: Any) -> None:
    control.give("acme", "disabled", "a test", None)

    def newer_meanwhile(vendor: str) -> str:
        control.give(vendor, "watch", "another", None)
        return "watch"

    monkeypatch.setattr(control, "_mode", newer_meanwhile)
    assert control.enforce() == 0
    assert observations.look("acme").mode == "watch"


def test_what_is_in_force_costs_one_query_to_find(acme: Patient, django_assert_num_queries: Any) -> None:
    for mode in ("disabled", "watch", "pause"):
        control.give("acme", mode, "a test", None)
    with django_assert_num_queries(1):
        assert control.enforce() == 0


def test_an_order_about_a_vendor_that_is_gone_is_let_be(acme: Patient) -> None:
    BreakerOrder.objects.create(vendor="removed", mode="open", reason="they have shut")
    assert control.enforce() == 0


def test_without_an_order_nothing_is_enforced(acme: Patient) -> None:
    assert control.enforce() == 0
    assert observations.look("acme").mode == "auto"


def test_a_paused_vendor_is_not_asked_until_it_is_resumed(acme: Patient) -> None:
    control.give("acme", "pause", "they bill per call", None)
    assert health.check("acme", NOON) == State.PAUSED
    assert acme.asked == 0
    control.give("acme", "resume", "paid", None)
    assert health.check("acme", after(30)) == State.UP
    assert acme.asked == 1


def test_pausing_leaves_the_circuit_as_it_was_ordered(acme: Patient) -> None:
    control.give("acme", "watch", "a test", None)
    control.give("acme", "pause", "another", None)
    assert control.ordered("acme") == "watch"
    assert observations.look("acme").mode == "watch"


def test_a_reason_is_kept_as_text_that_every_database_takes(acme: Patient) -> None:
    assert control.give("acme", "watch", "why\x00 not", None).reason == "why  not"

"""Staff's orders: with a reason, kept for good, in force everywhere and after every start."""

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

"""What staff order of deliveries: nothing without a reason, nothing that somebody has in hand, all of it kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from tests.webhooks.arrivals import arrive
from webhooks.care import audit, choice, orders
from webhooks.care.audit import Kind, NoReason, Person, Via
from webhooks.care.choice import Choice, plan
from webhooks.care.language import parse
from webhooks.care.orders import NeedsYes, replay, set_aside
from webhooks.models import Contents, Delivery, Intervention, Touched
from webhooks.processing.drain import drain
from webhooks.tasks import recall

pytestmark = pytest.mark.django_db(transaction=True)

ADA = Person("ada@example.com", Via.CONSOLE)


def by(search: str) -> Choice:
    return Choice(parse(search, timezone.now()))


def states() -> dict[str, str]:
    return dict(Delivery.objects.values_list("external_id", "state"))


def test_all_that_fit_are_replayed_and_it_is_kept_who_did_so_and_why() -> None:
    staff = User.objects.create_user("ada@example.com", "a-long-password")
    for name, state in (("a", "dead"), ("b", "dead"), ("c", "handled")):
        arrive(external_id=name, state=state, attempts=20, error="broken", handled_at=timezone.now())
    row = replay(by("state:dead"), Person("ada@example.com", Via.CONSOLE, staff.pk), " the bug is fixed ")
    assert states() == {"a": "pending", "b": "pending", "c": "handled"}
    fresh = Delivery.objects.get(external_id="a")
    assert (fresh.attempts, fresh.error, fresh.handled_at) == (0, "", None)
    kept = Intervention.objects.get()
    assert (kept.kind, kept.query, kept.count, kept.reason) == ("replay", "state:dead", 2, "the bug is fixed")
    assert (kept.who, kept.by, kept.via, row.count) == ("ada@example.com", staff, "console", 2)
    assert audit.about(fresh.pk) == [kept]
    assert audit.about(Delivery.objects.get(external_id="c").pk) == []


@pytest.mark.parametrize("reason", ["", "  ", "\x00"])
def test_without_a_reason_nothing_happens(reason: str) -> None:
    arrive(state="dead", external_id="a")
    for order in (replay, set_aside):
        with pytest.raises(NoReason):
            order(by("state:dead"), ADA, reason)
    assert (states(), Intervention.objects.count()) == ({"a": "dead"}, 0)


def test_a_dry_run_says_how_many_of_what_and_changes_nothing() -> None:
    arrive("charge", external_id="a", state="dead")
    arrive("charge", external_id="b", state="dead")
    arrive("push", external_id="c", state="handled")
    told = plan(Kind.REPLAY, by(""), timezone.now())
    assert told.groups == [(("github", "charge", "dead"), 2), (("github", "push", "handled"), 1)]
    assert told.words == "3 deliveries"
    assert states() == {"a": "dead", "b": "dead", "c": "handled"}


def test_what_is_being_processed_is_left_alone_and_what_waits_for_long_is_hurried() -> None:
    now = timezone.now()
    arrive(external_id="leased", attempts=1, due_at=now + timedelta(seconds=20))
    arrive(external_id="waiting", due_at=now - timedelta(seconds=1))
    arrive(external_id="resting", attempts=9, due_at=now + timedelta(hours=2), error="away")
    told = plan(Kind.REPLAY, by(""), now)
    assert dict(told.left) == {
        "being processed now, or due within a moment": 1,
        "waiting for its turn already": 1,
    }
    row = replay(by(""), ADA, "the vendor is back")
    assert row.count == 1
    assert dict(Delivery.objects.values_list("external_id", "attempts")) == {"leased": 1, "waiting": 0, "resting": 0}
    assert Delivery.objects.get(external_id="resting").due_at <= timezone.now()


def test_one_that_is_claimed_between_the_plan_and_the_order_is_left_alone(monkeypatch: Any) -> None:
    row = arrive(state="dead")
    planned = orders.plan

    def claimed_meanwhile(*given: Any) -> Any:
        made = planned(*given)
        soon = timezone.now() + timedelta(seconds=20)
        Delivery.objects.filter(pk=row.pk).update(state="pending", attempts=1, due_at=soon)
        return made

    monkeypatch.setattr(orders, "plan", claimed_meanwhile)
    done = replay(by("state:dead"), ADA, "again")
    row.refresh_from_db()
    assert (done.count, row.attempts, Touched.objects.count()) == (0, 1, 0)


def test_what_is_no_longer_kept_cannot_be_replayed_and_it_is_said() -> None:
    arrive(external_id="a", state="dead")
    Contents.objects.all().delete()
    told = plan(Kind.REPLAY, by("state:dead"), timezone.now())
    assert told.words == "0 deliveries; 1 left alone: what they came with is no longer kept"
    assert replay(by("state:dead"), ADA, "again").count == 0
    assert states() == {"a": "dead"}


def test_more_than_a_thousand_need_a_yes(monkeypatch: Any) -> None:
    monkeypatch.setattr(choice, "ASK_ABOVE", 2)
    for _ in range(3):
        arrive(state="dead")
    with pytest.raises(NeedsYes) as asked:
        replay(by("state:dead"), ADA, "again")
    assert asked.value.count == 3
    assert replay(by("state:dead"), ADA, "again", yes=True).count == 3


def test_one_order_is_about_so_many_and_no_more_and_says_that_there_are(monkeypatch: Any) -> None:
    monkeypatch.setattr(choice, "MOST", 2)
    for _ in range(3):
        arrive(state="dead")
    told = plan(Kind.REPLAY, by("state:dead"), timezone.now())
    assert (len(told.able), told.more) == (2, True)
    assert "there may be more" in told.words


def test_many_are_changed_a_few_at_a_time(monkeypatch: Any) -> None:
    monkeypatch.setattr(orders, "AT_ONCE", 2)
    for _ in range(5):
        arrive(state="dead")
    assert replay(by("state:dead"), ADA, "again").count == 5
    assert Touched.objects.count() == 5
    assert set(states().values()) == {"pending"}


def test_what_waits_for_a_try_is_set_aside_and_brought_back() -> None:
    later = timezone.now() + timedelta(hours=1)
    arrive(external_id="poison", attempts=3, due_at=later, error="broken")
    arrive(external_id="done", state="handled")
    row = set_aside(by(""), ADA, "it breaks the worker")
    poison = Delivery.objects.get(external_id="poison")
    assert (row.count, states()) == (1, {"poison": "dead", "done": "handled"})
    assert poison.error == "Set aside by ada@example.com: it breaks the worker"
    assert poison.handled_at is not None
    replay(Choice(picked=(poison.pk,)), ADA, "it does not any more")
    assert states()["poison"] == "pending"


def test_two_replays_at_once_touch_each_delivery_once() -> None:
    for _ in range(5):
        arrive(state="dead")
    first = replay(by("state:dead"), ADA, "mine")
    second = replay(Choice(picked=tuple(Delivery.objects.values_list("pk", flat=True))), ADA, "mine too")
    assert (first.count, second.count) == (5, 0)


def test_many_are_replayed_from_the_first_so_that_each_object_keeps_its_order(monkeypatch: Any) -> None:
    monkeypatch.setattr(orders, "AT_ONCE", 1)
    keys = [arrive(state="dead", object_key="o-1").pk for _ in range(3)]
    pending: list[list[int]] = []
    change = orders._change

    def watched(*given: Any) -> Any:
        held = change(*given)
        pending.append(list(Delivery.objects.filter(state="pending").order_by("pk").values_list("pk", flat=True)))
        return held

    monkeypatch.setattr(orders, "_change", watched)
    replay(by("state:dead"), ADA, "again")
    assert pending == [keys[:1], keys[:2], keys]


def test_what_waited_behind_one_set_aside_is_found_when_whoever_did_so_has_died(monkeypatch: Any) -> None:
    later = timezone.now() + timedelta(hours=3)
    arrive(external_id="a", object_key="o-1", attempts=1, due_at=later, error="broken")
    arrive(external_id="b", object_key="o-1")
    arrive(external_id="other", object_key="o-2", attempts=1, due_at=later, error="broken")
    assert drain() == 0

    def die(_held: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(orders, "call_next", die)
    with pytest.raises(SystemExit):
        set_aside(by("id:a"), ADA, "it never will")
    assert drain() == 0
    assert [recall(), recall()] == [1, 0]
    assert drain() == 1
    assert states() == {"a": "dead", "b": "dead", "other": "pending"}


def test_what_waited_behind_a_delivery_that_is_set_aside_has_its_turn_at_once() -> None:
    later = timezone.now() + timedelta(hours=3)
    arrive(external_id="a", object_key="o-1", attempts=1, due_at=later, error="broken")
    for name in ("b", "c"):
        arrive(external_id=name, object_key="o-1")
    assert drain() == 0
    assert Delivery.objects.filter(due_at__gte=later).count() == 3
    set_aside(by("id:a"), ADA, "it never will")
    assert drain() == 2
    assert states()["a"] == "dead"
    assert "pending" not in states().values()

"""Which endpoints are told of an event, once each."""

from collections.abc import Callable
from typing import Any

import pytest

from webhooks.endpoints import services
from webhooks.endpoints.sink import queue
from webhooks.endpoints.subscriptions import BadSubscription, matches, require_patterns
from webhooks.models import Endpoint, Message, OutboxEvent
from webhooks.outbox.relay import as_event
from webhooks.problems import Problem

pytestmark = pytest.mark.django_db

Happen = Callable[..., OutboxEvent]
URL = "https://192.0.2.7/"


@pytest.fixture(autouse=True)
def _anywhere(settings: Any) -> None:
    settings.ENDPOINT_NETWORKS = ["0.0.0.0/0"]


def told() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("name", flat=True))


@pytest.mark.parametrize(
    ("patterns", "name", "fits"),
    [
        (["*"], "order.paid", True),
        (["order.*"], "order.paid", True),
        (["order.*"], "orders.paid", False),
        (["order.paid"], "order.paid", True),
        (["order.paid"], "order.paid_late", False),
        (["user.*", "order.created"], "order.created", True),
        ([], "order.paid", False),
    ],
)
def test_a_pattern_is_all_a_prefix_or_a_name(patterns: list[str], name: str, fits: bool) -> None:
    assert matches(patterns, name) is fits


@pytest.mark.parametrize("patterns", [[], ["order.payed"], ["*.paid"], ["ord*"], ["order.*.x"], ["x.*"], ["*"] * 51])
def test_a_pattern_that_fits_no_event_is_refused(patterns: list[str]) -> None:
    with pytest.raises(BadSubscription):
        require_patterns(patterns)


def test_a_person_is_told_of_their_own_events_that_they_subscribed_to(customer: Any, happen: Happen) -> None:
    services.create(customer, url=URL, events=["order.*"])
    happen("order.paid")
    happen("user.signed_up", about="user:1")
    assert told() == ["order.paid"]


def test_nobody_is_told_of_anothers_events(customer: Any, happen: Happen, django_user_model: Any) -> None:
    stranger = django_user_model.objects.create_user("stranger@example.com")
    services.create(stranger, url=URL)
    happen("order.paid")
    happen("repository.pushed", about="repository:x", user=None)
    assert told() == []


def test_staff_may_be_told_of_everybodys_events_and_of_those_that_are_nobodys(admin_user: Any, happen: Happen) -> None:
    services.create(admin_user, url=URL, all_users=True)
    services.create(admin_user, url=URL)
    happen("order.paid")
    happen("repository.pushed", about="repository:x", user=None)
    assert told() == ["order.paid", "repository.pushed"]


def test_who_is_no_longer_staff_is_no_longer_told(admin_user: Any, happen: Happen) -> None:
    services.create(admin_user, url=URL, all_users=True)
    type(admin_user).objects.update(is_staff=False)
    happen("order.paid")
    assert told() == []


def test_only_staff_may_ask_for_that(customer: Any) -> None:
    with pytest.raises(Problem) as refused:
        services.create(customer, url=URL, all_users=True)
    assert (refused.value.status, refused.value.errors[0]["field"]) == (400, "all_users")


def test_who_was_shut_out_is_not_told(customer: Any, happen: Happen) -> None:
    services.create(customer, url=URL)
    type(customer).objects.update(is_active=False)
    happen()
    assert told() == []


@pytest.mark.parametrize(("state", "messages"), [("enabled", 1), ("paused", 1), ("disabled", 0)])
def test_a_paused_endpoint_is_queued_for_and_a_disabled_one_is_not(
    customer: Any, happen: Happen, state: str, messages: int
) -> None:
    services.create(customer, url=URL)
    Endpoint.objects.update(state=state)
    happen()
    assert len(told()) == messages


def test_the_same_event_twice_is_one_message(customer: Any, happen: Happen) -> None:
    services.create(customer, url=URL)
    event = happen()
    queue(as_event(event))
    queue(as_event(event))
    message = Message.objects.get()
    assert (message.uid, message.event_id) == (event.uid, event.pk)

"""What has changed since somebody looked: nothing is missed that belongs on the page, and nothing else is sent."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from tests.webhooks.arrivals import arrive
from webhooks.care.language import parse
from webhooks.care.live import changed, sign
from webhooks.care.search import find
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db

SEARCHES = ["", "source:github", "type:push", "text:needle", "-state:dead"]


@pytest.fixture
def look() -> Callable[[str], Callable[[], bool]]:
    """Look at a search's first page now; the answer tells whether it is another since."""

    def looked(search: str) -> Callable[[], bool]:
        query = parse(search, timezone.now())
        rows = find(query).rows
        return lambda: changed(query, [row.pk for row in rows], sign(rows))

    return looked


@pytest.mark.parametrize("search", [*SEARCHES, "state:dead"])
def test_nothing_is_new_while_nothing_happens(look: Callable[[str], Callable[[], bool]], search: str) -> None:
    arrive(body=b"needle")
    assert not look(search)()


@pytest.mark.parametrize("search", SEARCHES)
def test_a_new_delivery_is_seen(look: Callable[[str], Callable[[], bool]], search: str) -> None:
    arrive(body=b"needle")
    news = look(search)
    arrive(body=b"needle")
    assert news()


@pytest.mark.parametrize("search", SEARCHES)
def test_another_state_is_seen(look: Callable[[str], Callable[[], bool]], search: str) -> None:
    row = arrive(body=b"needle")
    news = look(search)
    Delivery.objects.filter(pk=row.pk).update(state="handled")
    assert news()


@pytest.mark.parametrize("search", ["source:acme", "type:ping", "text:nothing", "state:dead"])
def test_what_does_not_fit_is_no_news(look: Callable[[str], Callable[[], bool]], search: str) -> None:
    news = look(search)
    arrive(body=b"needle")
    assert not news()


def test_one_that_dies_is_news_to_whoever_looks_at_the_dead(look: Callable[[str], Callable[[], bool]]) -> None:
    row = arrive()
    news = look("state:dead")
    Delivery.objects.filter(pk=row.pk).update(state="dead")
    assert news()

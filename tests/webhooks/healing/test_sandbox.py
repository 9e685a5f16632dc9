"""The whole way: the sandbox drops, repeats and shuffles what it sends, and after one run nothing is missing."""

import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.http import state
from integrations.registry import all_providers
from tests.peers import SandboxPeer
from tests.webhooks.arrivals import arrive
from tests.webhooks.healing.conftest import VENDORS
from tests.webhooks.healing.senders import KINDS, payloads
from webhooks.healing.run import heal
from webhooks.inbox.contents import content_of
from webhooks.models import Delivery, Gap, Search, Watermark
from webhooks.processing import preparation
from webhooks.processing.drain import drain

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("door", "known", "at_once")]


def order(sandbox: SandboxPeer, source: str, count: int, **manners: Any) -> set[str]:
    """Have so many webhooks sent in this manner; returns their ids once the sandbox has sent what it will send."""
    sandbox.control("POST", "/webhooks", {"provider": source, **manners})
    wish = {"provider": source, "kind": KINDS[source], "payloads": payloads(source, count)}
    ids = set(sandbox.control("POST", "/send", wish)["ids"])
    until = timezone.now() + timedelta(seconds=120)
    while any(parcel["state"] == "waiting" for parcel in sandbox.control("GET", f"/webhooks?provider={source}")):
        assert timezone.now() < until
        time.sleep(0.05)
    return ids


def dropped(sandbox: SandboxPeer, source: str) -> set[str]:
    parcels = sandbox.control("GET", f"/webhooks?provider={source}")
    return {parcel["id"] for parcel in parcels if parcel["state"] == "dropped"}


@pytest.fixture
def effects(monkeypatch) -> Counter[int]:
    """How often the effect of each delivery was carried out."""
    done: Counter[int] = Counter()

    def count(delivery: Delivery, _content: Any) -> list[Any]:
        return [lambda: done.update([delivery.pk])]

    monkeypatch.setattr(preparation, "_effects", count)
    return done


@pytest.mark.parametrize("share", [0.05, 1.0])
@pytest.mark.parametrize("source", VENDORS)
def test_whatever_is_dropped_repeated_and_shuffled_is_there_after_one_run_and_has_one_effect(
    source, share, sandbox, effects
):
    sent = order(sandbox, source, 200, drop=share, duplicate=0.5, shuffle=True)
    lost = dropped(sandbox, source)
    assert 0 < len(lost) <= 200
    drain()
    assert Delivery.objects.count() == 200 - len(lost)
    search = heal(source, timezone.now())
    assert search is not None
    assert search.error == ""
    assert search.listed >= 200, "a vendor may list each try"
    assert (search.missing, search.recovered, search.lost) == (len(lost), len(lost), 0)
    assert set(Delivery.objects.values_list("external_id", flat=True)) == sent
    drain()
    assert set(effects.values()) == {1}
    assert len(effects) == 200
    again = heal(source, timezone.now())
    assert again is not None
    assert (again.missing, Delivery.objects.count()) == (0, 200)


@pytest.mark.parametrize("source", VENDORS)
def test_what_was_fetched_is_what_the_door_would_have_stored_but_for_white_space(source, sandbox):
    (identifier,) = order(sandbox, source, 1, drop=1.0)
    heal(source, timezone.now())
    fetched = Delivery.objects.get()
    content = content_of(fetched)
    assert content is not None
    assert content.headers["x-patchbay-recovered"].startswith("sent ")
    sandbox.control("POST", "/webhooks", {"provider": source})
    parcel = next(one for one in sandbox.control("GET", f"/webhooks?provider={source}") if one["id"] == identifier)
    wanted = all_providers()[source].interpret(fetched.kind, parcel["body"].encode())
    assert all_providers()[source].interpret(fetched.kind, content.body) == wanted != []
    assert (fetched.external_id, fetched.kind) == (identifier, KINDS[source])
    assert fetched.object_key


@pytest.mark.parametrize("source", VENDORS)
def test_a_vendor_that_fails_midway_is_asked_again_later_and_nothing_is_lost(source, sandbox, monkeypatch):
    order(sandbox, source, 30, drop=1.0)
    path = {"stripe": "GET /v1/events/", "paypal": "GET /v1/notifications/webhooks-events/", "github": "GET /repos/"}
    sandbox.control("POST", "/faults", {"provider": source, "match": path[source], "fault": "status:503", "times": 50})
    search = heal(source, timezone.now())
    assert search is not None
    assert search.error
    assert search.finished_at is None
    mark = Watermark.objects.get(pk=source)
    assert mark.failures == 1
    assert mark.reached is None
    assert mark.due_at > timezone.now() + timedelta(seconds=20)
    assert heal(source, timezone.now()) is None, "it is not due yet"
    sandbox.control("DELETE", "/faults")
    state.forget()
    after = heal(source, timezone.now(), early=True)
    assert after is not None
    assert after.pk == search.pk
    assert (after.recovered, after.error) == (30, "")
    assert Search.objects.count() == 1
    assert Gap.objects.filter(outcome="recovered").count() == 30


def test_a_thin_event_about_the_same_object_stands_for_the_snapshot_on_the_list(sandbox):
    (payload,) = payloads("stripe", 1)
    arrive("v1.payment_intent.succeeded", source="stripe", object_key=payload["data"]["object"]["id"])
    sandbox.control("POST", "/webhooks", {"provider": "stripe", "drop": 1.0})
    sandbox.control("POST", "/send", {"provider": "stripe", "kind": payload["type"], "payload": payload})
    search = heal("stripe", timezone.now())
    assert search is not None
    assert (search.listed, search.missing) == (1, 0)

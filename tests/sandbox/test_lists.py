"""What the sandbox's vendors say they have sent: in the vendors' own shapes and pages, dropped ones too."""

from typing import Any

import pytest

from tests.peers import SandboxPeer
from tests.webhooks.healing.senders import KINDS, payloads

HOOK = "/github/repos/patchbay-example/storefront/hooks/500000001/deliveries"
GITHUB = {"Authorization": "Bearer ghp_patchbay_sandbox"}
EVENTS = "/paypal/v1/notifications/webhooks-events"


def send(sandbox: SandboxPeer, source: str, count: int) -> list[str]:
    sandbox.control("POST", "/webhooks", {"provider": source, "drop": 1.0})
    wish = {"provider": source, "kind": KINDS[source], "payloads": payloads(source, count)}
    ids: list[str] = sandbox.control("POST", "/send", wish)["ids"]
    return ids


@pytest.fixture
def paypal(sandbox: SandboxPeer) -> dict[str, str]:
    auth: Any = ("patchbay-paypal-client", "patchbay-paypal-secret")
    token = sandbox.ask("POST", "/paypal/v1/oauth2/token", auth=auth).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def test_github_lists_a_dropped_delivery_as_one_that_found_nobody(sandbox):
    """https://docs.github.com/en/rest/repos/webhooks#list-deliveries-for-a-repository-webhook"""
    (guid,) = send(sandbox, "github", 1)
    (item,) = sandbox.ask("GET", HOOK, headers=GITHUB).json()
    assert (item["guid"], item["status_code"], item["redelivery"], item["event"]) == (guid, 502, False, "push")
    assert item.keys() == {
        *("id", "guid", "delivered_at", "redelivery", "duration", "status", "status_code", "event", "action"),
        *("installation_id", "repository_id", "throttled_at"),
    }
    whole = sandbox.ask("GET", f"{HOOK}/{item['id']}", headers=GITHUB).json()
    assert whole.keys() - item.keys() == {"url", "request", "response"}
    assert whole["request"]["headers"]["X-GitHub-Delivery"] == guid
    assert whole["request"]["payload"]["repository"]["full_name"]


def test_github_pages_by_a_cursor_that_it_gives_and_refuses_any_other(sandbox):
    ids = send(sandbox, "github", 5)
    seen, url = [], f"{HOOK}?per_page=2"
    while url:
        answer = sandbox.ask("GET", url.replace(sandbox.url, ""), headers=GITHUB)
        seen += [item["guid"] for item in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
    assert sorted(seen) == sorted(ids)
    assert sandbox.ask("GET", f"{HOOK}?cursor=v1_1", headers=GITHUB).status_code == 422


def test_github_sends_again_when_asked_and_lists_that_too(sandbox, receiver):
    (guid,) = send(sandbox, "github", 1)
    sandbox.control("POST", "/webhooks", {"provider": "github"})
    (item,) = sandbox.ask("GET", HOOK, headers=GITHUB).json()
    assert sandbox.ask("POST", f"{HOOK}/{item['id']}/attempts", headers=GITHUB).status_code == 202
    (again,) = receiver.take()
    assert again.headers["x-github-delivery"] == guid


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer another"}])
def test_neither_tells_a_stranger(sandbox, headers):
    assert sandbox.ask("GET", HOOK, headers=headers).status_code == 401
    assert sandbox.ask("GET", EVENTS, headers=headers).status_code == 401


def test_what_is_not_there_is_404(sandbox, paypal):
    assert sandbox.ask("GET", f"{HOOK}/1", headers=GITHUB).status_code == 404
    assert sandbox.ask("GET", f"{EVENTS}/WH-1", headers=paypal).status_code == 404


def test_paypal_lists_what_it_sent_page_by_page_in_the_range_that_is_asked_for(sandbox, paypal):
    """https://developer.paypal.com/docs/api/webhooks/v1/#webhooks-events_list"""
    ids = send(sandbox, "paypal", 5)
    seen, url = [], f"{EVENTS}?page_size=2&start_time=2020-01-01T00:00:00Z"
    while url:
        said = sandbox.ask("GET", url, headers=paypal).json()
        assert said.keys() == {"events", "count", "links"}
        assert said["count"] == len(said["events"])
        seen += [event["id"] for event in said["events"]]
        following = next((link["href"] for link in said["links"] if link["rel"] == "next"), "")
        url = following.replace(sandbox.url, "")
    assert sorted(seen) == sorted(ids)
    before = sandbox.ask("GET", f"{EVENTS}?end_time=2020-01-01T00:00:00Z", headers=paypal).json()
    assert before["events"] == []
    assert sandbox.ask("GET", f"{EVENTS}?start_time=yesterday", headers=paypal).status_code == 400


def test_stripe_lists_an_event_that_was_ordered_and_dropped(sandbox):
    ids = send(sandbox, "stripe", 2)
    headers = {"Authorization": "Bearer sk_test_patchbay_sandbox"}
    said = sandbox.ask("GET", "/stripe/v1/events?delivery_success=false&limit=5", headers=headers).json()
    assert sorted(event["id"] for event in said["data"]) == sorted(ids)

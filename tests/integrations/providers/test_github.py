"""What only GitHub does."""

import pytest

from integrations.contract import Inbound
from integrations.errors import BadPayload
from integrations.facts import RepositoryPushed
from integrations.registry import all_providers
from tests.integrations.genuine import NOW, facts_of, receive, recorded, signed

provider = all_providers()["github"]


def test_githubs_published_signature_is_good_and_its_body_is_still_no_json(monkeypatch):
    """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries"""
    monkeypatch.setenv("GITHUB_WEBHOOK_SECRET", "It's a Secret to Everybody")
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers = {"x-hub-signature-256": signature, "x-github-event": "push", "x-github-delivery": "1"}
    with pytest.raises(BadPayload, match="not JSON"):
        provider.receive(Inbound(body=b"Hello, World!", headers=headers, now=NOW))


@pytest.mark.parametrize("header", ["x-github-event", "x-github-delivery"])
def test_a_delivery_without_kind_or_id_is_refused(header):
    with pytest.raises(BadPayload):
        receive(provider, recorded(provider).without(header))


def test_a_push_tells_who_moved_which_branch_where():
    request = recorded(provider, "push")
    (delivery,) = receive(provider, request)
    (fact,) = facts_of(provider, [delivery])
    assert delivery.external_id == "delivery-1"
    assert delivery.object_key == fact.repository == "patchbay-example/storefront"
    assert isinstance(fact, RepositoryPushed)
    assert fact.ref.startswith("refs/heads/")
    assert len(fact.head) == 40
    assert fact.commits > 0


def test_news_that_concern_no_repository_are_accepted():
    (delivery,) = receive(provider, signed(provider, b'{"action": "created"}', kind="sponsorship"))
    assert (delivery.kind, delivery.object_key) == ("sponsorship", "")

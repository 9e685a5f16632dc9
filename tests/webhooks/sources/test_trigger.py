"""`manage.py trigger` for custom sources: signed by their scheme, and taken by the door as their sender's."""

from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command

from integrations.signatures import standard
from tests.webhooks.sources.conftest import Knock
from webhooks.inbox.contents import content_of
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)

SOURCES: dict[str, dict[str, Any]] = {
    "standard-webhooks": {"id_from": ["header:Webhook-Id"]},
    "hmac": {
        "options": {"header": "X-Sig", "signed": "{id}.{body}", "id_header": "x-id"},
        "id_from": ["header:X-Id"],
        "type_from": ["header:X-Event"],
    },
    "basic": {"options": {"username": "erp"}},
    "bearer": {"format": "any"},
    "none": {"options": {"addresses": ["192.0.2.0/24"]}},
}


@pytest.fixture
def door(knock: Knock, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command posts goes to the door of this process."""

    class Answer:
        def __init__(self, exchange: Any) -> None:
            self.status_code, self.text = exchange.status, exchange.body.decode()

    def post(url: str, *, headers: dict[str, str], content: bytes, **_rest: Any) -> Answer:
        return Answer(knock(urlsplit(url).path.rpartition("/")[2], content, headers))

    monkeypatch.setattr("httpx2.post", post)


@pytest.mark.parametrize("scheme", SOURCES)
def test_an_event_of_any_scheme_is_taken_with_what_was_set(make: Any, door: None, scheme: str) -> None:
    make(scheme=scheme, **SOURCES[scheme])
    for _ in range(2):
        call_command("trigger", "acme", "thing.made", "--set", "data.amount=1900", stdout=StringIO())
    first, second = Delivery.objects.order_by("pk")
    assert (first.source, first.kind) == ("acme", "thing.made")
    assert first.external_id != second.external_id
    content = content_of(first)
    assert content is not None
    assert b'"amount": 1900' in content.body


def test_who_has_only_a_public_key_cannot_sign(make: Any, door: None) -> None:
    make(secrets=[standard.public_half(standard.new_key())])
    with pytest.raises(CommandError, match="private half"):
        call_command("trigger", "acme", "thing.made", stdout=StringIO())

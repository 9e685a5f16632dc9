"""A source to make in a line, a door to knock at, and a program of staff."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db.backends.utils import CursorWrapper
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from tests.webhooks.test_ingest import Exchange
from webhooks.inbox.ingest import Ingest
from webhooks.inbox.writer import Inbox
from webhooks.models import Source
from webhooks.sources.schemes import Headers, Letter, scheme_of

API = "/api/v1/webhook-sources"
LIST = {"header": "X-Sig", "signed": "{timestamp}.{body}", "signature_field": "v1", "timestamp_field": "t"}
SCHEMES: dict[str, dict[str, Any]] = {
    "standard-webhooks": {},
    "hmac": {"options": LIST},
    "basic": {"options": {"username": "erp"}},
    "bearer": {"options": {"header": "X-Token"}},
    "none": {"options": {"addresses": ["192.0.2.0/24"]}},
}


@pytest.fixture
def staff() -> User:
    return User.objects.create_user("staff@example.com", "a-long-password", is_staff=True)


@pytest.fixture
def api(staff: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(staff)
    return client


@pytest.fixture
def make(api: APIClient) -> Callable[..., dict[str, Any]]:
    """Make a source as a program does; returns the answer, the generated secret in it."""

    def make(slug: str = "acme", scheme: str = "standard-webhooks", **fields: Any) -> dict[str, Any]:
        answer = api.post(API, {"slug": slug, "scheme": scheme, **fields}, format="json")
        assert answer.status_code == 201, answer.json()
        return answer.json()

    return make


Knock = Callable[..., Exchange]


@pytest.fixture
def knock(inbox: Inbox) -> Knock:
    """One request at the door, with these headers, from this address."""
    ingest = Ingest(inbox)

    def knock(slug: str, body: bytes, headers: Any, address: str = "192.0.2.7") -> Exchange:
        pairs = headers.items() if isinstance(headers, dict) else headers
        given = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
        exchange = Exchange(body, given, slug, 1 << 16)
        exchange.scope["client"] = (address, 443)
        asyncio.run(ingest(exchange.scope, exchange.receive, exchange.send))
        return exchange

    return knock


def signed(slug: str, secret: str, body: bytes, identifier: str = "msg_1", now: datetime | None = None) -> Headers:
    """The headers that this source's sender would send."""
    row = Source.objects.get(slug=slug)
    letter = Letter(identifier, "thing.made", body, now or timezone.now())
    return scheme_of(row.scheme, row.options).sign(letter, secret)


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement of every thread and connection, from now on."""
    seen: list[str] = []
    for name in ("execute", "executemany"):
        known = getattr(CursorWrapper, name)

        def counted(self: Any, sql: str, *rest: Any, known: Any = known) -> Any:
            seen.append(sql)
            return known(self, sql, *rest)

        monkeypatch.setattr(CursorWrapper, name, counted)
    return seen

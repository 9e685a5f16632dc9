"""How the sender of a custom source would send a body: signed with the newest secret, its id and type in place."""

import uuid
from datetime import datetime
from typing import Any

from integrations.errors import NotConfigured
from webhooks.sources.custom import Custom
from webhooks.sources.finding import find
from webhooks.sources.places import put
from webhooks.sources.schemes import BadSecret, Headers, Letter


def custom_source(slug: str) -> Custom | None:
    """The custom source of this slug, or None."""
    try:
        found = find(slug, asking=True)
    except NotConfigured:
        return None
    return found if isinstance(found, Custom) else None


def sample(source: Custom, kind: str) -> dict[str, Any]:
    """The least body that says which event it is, where the body is the place to say so."""
    data: dict[str, Any] = {}
    put(source.id_from, uuid.uuid4().hex, {}, data)
    put(source.type_from, kind, {}, data)
    return data


def sign(source: Custom, body: bytes, kind: str, now: datetime) -> Headers:
    """The headers that its sender would send; `NotConfigured` where we have not what it signs with."""
    identifier = uuid.uuid4().hex
    headers: Headers = {"Content-Type": "application/json" if source.json else "application/octet-stream"}
    put(source.id_from, identifier, headers, None)
    put(source.type_from, kind, headers, None)
    secret = next(iter(source.live_secrets(now)), "")
    try:
        proof = source.scheme.sign(Letter(identifier, kind, body, now), secret)
    except BadSecret as error:
        raise NotConfigured(str(error)) from error
    # A header's name has no case: what is proved is sent once.
    taken = {name.lower() for name in proof}
    return {name: value for name, value in headers.items() if name.lower() not in taken} | proof

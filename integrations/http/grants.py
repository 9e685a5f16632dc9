"""What we ask a vendor's token endpoint, and what its answers mean. https://www.rfc-editor.org/rfc/rfc6749"""

import base64
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote, urlencode

from integrations.errors import BadPayload, IntegrationError, Permanent, Reconnect, Retryable, Unauthorized
from integrations.http.meaning import error_for
from integrations.http.transport import Answer, exchange
from integrations.masking import masked
from integrations.payload import Payload

# A vendor that does not say how long its token lasts is asked again after an hour; nobody's lasts longer than 30 days.
UNSAID = 3600.0
LONGEST = 30 * 86400.0
# https://www.rfc-editor.org/rfc/rfc6750#section-2.1: anything else could smuggle a header in.
TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,8192}")
LIFE = re.compile(r"[1-9][0-9]{0,11}")


@dataclass(frozen=True, kw_only=True)
class Client:
    """Who we are to one vendor's token endpoint. `extra` parameters go with every request (an audience, say)."""

    vendor: str
    url: str
    client_id: str
    client_secret: str = field(repr=False)
    grant: Literal["client_credentials", "refresh_token"] = "client_credentials"
    scope: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Grant:
    """What was granted; `life` is seconds. No refresh token means: go on with the one you have."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    life: float


def ask(client: Client, refresh_token: str = "") -> Grant:
    """One request of the token endpoint.

    `Reconnect`: the grant is gone. `Unauthorized`, `Permanent`: our client is not accepted. `Retryable`: no answer.
    """
    form = {"grant_type": client.grant, "scope": client.scope, "refresh_token": refresh_token, **client.extra}
    headers = {
        "Authorization": _basic(client),
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    content = urlencode({name: value for name, value in form.items() if value})
    return _granted(
        client,
        exchange(
            client.vendor,
            "POST",
            client.url,
            headers,
            content,
            meaning=lambda answer: _refusal(client, answer, refresh_token),
        ),
    )


def _basic(client: Client) -> str:
    # https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1: both are form-encoded before they are joined.
    pair = f"{quote(client.client_id, safe='')}:{quote(client.client_secret, safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _granted(client: Client, answer: Answer) -> Grant:
    try:
        said = Payload.parse(answer.body)
        access, refresh = said.text("access_token"), said.text("refresh_token", "")
        kind = said.text("token_type", "Bearer")
    except BadPayload as error:
        raise Retryable(f"{client.vendor}'s token answer cannot be read") from error
    if kind.lower() != "bearer":
        raise Permanent(f"{client.vendor} grants tokens of a kind we do not know")
    if not TOKEN.fullmatch(access):
        raise Retryable(f"{client.vendor}'s token cannot be sent in a header")
    return Grant(access, refresh, _life(said))


def _life(said: Payload) -> float:
    """Some vendors send the number as text, some none, and one may send nonsense."""
    for read in (said.integer, said.text):
        with suppress(BadPayload):
            number = str(read("expires_in"))
            return min(float(number), LONGEST) if LIFE.fullmatch(number) else UNSAID
    return UNSAID


def _refusal(client: Client, answer: Answer, refresh_token: str) -> IntegrationError:
    code, words = _words(answer, filter(None, (client.client_secret, refresh_token)))
    if code == "invalid_grant" and client.grant == "refresh_token":
        return Reconnect(f"{client.vendor} says {words}")
    if code in ("invalid_client", "unauthorized_client"):
        return Unauthorized(f"{client.vendor} does not accept our client: {words}")
    # A refresh token may be spent by the very request that failed: only a client's own credentials can be shown again.
    again = client.grant == "client_credentials"
    return error_for(client.vendor, answer.status, answer.headers, idempotent=again, words=words)


def _words(answer: Answer, secrets: Iterable[str]) -> tuple[str, str]:
    """The error's code, and that with its description, short, on one line and without secrets."""
    try:
        said = Payload.parse(answer.body)
        code, description = said.text("error", ""), said.text("error_description", "")
    except BadPayload:
        return "", ""
    words = " ".join(f"{code}: {description}".split()).strip(": ")
    for secret in secrets:
        words = words.replace(secret, "•••")
    return code, masked(words, 200)

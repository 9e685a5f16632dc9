"""Genuine webhooks, made as the vendor makes them, to be accepted or to be spoilt."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from integrations.contract import Delivery, Inbound, Lengthy, Provider
from integrations.errors import Refused
from integrations.facts import Fact
from integrations.providers import paypal
from integrations.providers.ses import sns
from integrations.registry import all_providers
from integrations.sandbox import authority, samples, signing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Request:
    """One webhook request, signed by the vendor at `at`. Header names are lower-case."""

    body: bytes
    headers: Mapping[str, str]
    at: datetime = NOW

    def without(self, *names: str) -> "Request":
        return replace(self, headers={key: value for key, value in self.headers.items() if key not in names})

    def having(self, **changed: Any) -> "Request":
        return replace(self, **changed)

    def saying(self, value: str, *names: str) -> "Request":
        """The same with `value` in the headers called `names`."""
        return replace(self, headers={**self.headers, **dict.fromkeys(names, value)})


def signed(provider: Provider, body: bytes, kind: str = "", at: datetime = NOW) -> Request:
    """`body` as the vendor would send it."""
    sealed = signing.seal(provider.slug, body, kind=kind or kinds(provider)[0], now=at, delivery="delivery-1")
    return Request(sealed.body, {name.lower(): value for name, value in sealed.headers.items()}, at)


def kinds(provider: Provider) -> list[str]:
    """The kinds there are recorded fixtures of."""
    found = samples.kinds(provider.slug)
    assert found, f"record a payload first: integrations/sandbox/samples/{provider.slug}/<kind>.json"
    return found


def recorded(provider: Provider, kind: str = "") -> Request:
    """The recorded fixture of `kind` (of the first kind there is), signed."""
    kind = kind or kinds(provider)[0]
    return signed(provider, json.dumps(samples.sample(provider.slug, kind)).encode(), kind)


def signature_headers(provider: Provider) -> list[str]:
    """The headers whose value depends on the body."""
    one, other = signed(provider, b"{}"), signed(provider, b"[]")
    return [name for name in one.headers if one.headers[name] != other.headers[name]]


def receive(provider: Provider, request: Request, now: datetime | None = None) -> list[Delivery]:
    """What the plug-in makes of the request when it comes at `now`, however long that takes."""
    try:
        return provider.receive(Inbound(body=request.body, headers=request.headers, now=now or request.at))
    except Lengthy as lengthy:
        return lengthy.finish()


def is_refused(provider: Provider, request: Request, now: datetime | None = None) -> bool:
    """Whether the request is refused; any error that is not a `Refused` fails the test by itself."""
    try:
        receive(provider, request, now)
    except Refused:
        return True
    return False


def facts_of(provider: Provider, deliveries: list[Delivery]) -> list[Fact]:
    """What the deliveries mean."""
    return [fact for item in deliveries for fact in provider.interpret(item.kind, item.body)]


def know_certificates() -> None:
    """As if the vendors' certificates had been fetched before: nobody needs to be asked to verify."""
    for slug, certificates, page, names in (
        ("paypal", paypal.certificates, signing.paypal.PAGE, paypal.SIGNERS[:1]),
        ("ses", sns.certificates, signing.ses.PAGE, ("sns.amazonaws.com",)),
    ):
        certificates.forget()
        served = authority.certificate(names[0])
        certificates.learn(all_providers()[slug].base_url + page, served, names, NOW)

"""What a plug-in is: one `Provider` object per vendor, and decorators that attach the vendor's ways to it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast

from django.conf import settings

from integrations.credentials import secret
from integrations.errors import NotConfigured
from integrations.facts import Fact
from integrations.http.policy import Policy, grant
from integrations.payload import Payload


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """A request at the door: raw bytes, headers by lower-case name, and the moment it came (aware UTC)."""

    body: bytes
    headers: Mapping[str, str]
    now: datetime

    def header(self, name: str) -> str:
        """The header's value, or empty."""
        return self.headers.get(name.lower(), "")


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What a vendor said, verified: `external_id` is the vendor's own and the key of deduplication.

    `object_key` names the vendor's object the delivery is about, when there is one.
    """

    external_id: str
    kind: str
    body: bytes
    object_key: str = ""


@dataclass(frozen=True, kw_only=True)
class Credential:
    """One variable of a vendor. `sandbox` is the value in force beside the sandbox; `live` the prefix of a real one."""

    name: str
    sandbox: str
    live: str = ""


Receive = Callable[[Inbound], list[Delivery]]
Interpret = Callable[[Payload], Iterable[Fact]]
Rows = Iterable[tuple[str, str]]
F = TypeVar("F", bound=Callable[..., Any])
P = TypeVar("P")


@dataclass
class Provider:
    """One vendor. Its slug is its module, its environment prefix, its URL segment and its fixture folder."""

    slug: str
    name: str
    credentials: tuple[Credential, ...]
    api: str = ""
    signs_time: bool = True
    ignored: frozenset[str] = frozenset()
    policy: Policy = field(default_factory=Policy)
    _receive: Receive | None = None
    _health: Callable[[], None] | None = None
    _account: Callable[[], Rows] | None = None
    _kinds: dict[str, Interpret] = field(default_factory=dict)
    _ports: dict[type, Callable[[], Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        grant(self.slug, self.policy)

    # How a plug-in declares itself

    def webhook(self, function: Receive) -> Receive:
        """Attach the function that verifies raw bytes and returns Deliveries, or raises `Refused`."""
        self._receive = function
        return function

    def on(self, *kinds: str) -> Callable[[Interpret], Interpret]:
        """Attach the function that says what a delivery of these kinds means."""

        def attach(function: Interpret) -> Interpret:
            self._kinds.update(dict.fromkeys(kinds, function))
            return function

        return attach

    def ignore(self, *kinds: str) -> None:
        """Kinds we know and have decided to do nothing about."""
        self.ignored |= frozenset(kinds)

    def health(self, function: Callable[[], None]) -> Callable[[], None]:
        """Attach a harmless call that raises when the vendor cannot be used."""
        self._health = function
        return function

    def account(self, function: Callable[[], Rows]) -> Callable[[], Rows]:
        """Attach a read of what the vendor says of our account, for staff: labels and values in words."""
        self._account = function
        return function

    def provides(self, port: type) -> Callable[[F], F]:
        """Attach the factory of an implementation of `port`."""

        def attach(factory: F) -> F:
            self._ports[port] = factory
            return factory

        return attach

    # What the rest of the border asks of it

    @property
    def receives(self) -> bool:
        return self._receive is not None

    def receive(self, inbound: Inbound) -> list[Delivery]:
        """The deliveries in a genuine request; `Refused` for any other."""
        if self._receive is None:
            raise NotConfigured(f"{self.name} sends no webhooks here")
        return self._receive(inbound)

    def knows(self, kind: str) -> bool:
        return kind in self._kinds

    def interpret(self, kind: str, body: bytes) -> list[Fact]:
        """What a delivery means; nothing for a kind that is ignored or unknown."""
        function = self._kinds.get(kind)
        return list(function(Payload.parse(body))) if function else []

    def offers(self, port: type) -> bool:
        return port in self._ports

    def port(self, port: type[P]) -> P:
        """This vendor's implementation of `port`; `NotConfigured` where it has none."""
        if port not in self._ports:
            raise NotConfigured(f"{self.name} does not offer {port.__name__}")
        return cast(P, self._ports[port]())

    @property
    def probes(self) -> bool:
        """Whether it can be asked how it is; one that cannot is judged by its traffic."""
        return self._health is not None

    def probe(self) -> None:
        """Raise when the vendor cannot be used; a vendor without a probe is taken to be well."""
        if self._health:
            self._health()

    @property
    def tells_account(self) -> bool:
        return self._account is not None

    def read_account(self) -> Rows:
        """What the vendor says of our account, asked now; `integrations.account` remembers it."""
        if self._account is None:
            raise NotConfigured(f"{self.name} tells nothing of an account")
        return self._account()

    # Credentials

    @property
    def prefix(self) -> str:
        return self.slug.upper()

    def values(self) -> dict[str, str]:
        """Each credential's value by its name: the environment's, else the sandbox's when there is one."""
        return {item.name: self._value(item) for item in self.credentials}

    def missing(self) -> list[str]:
        """The variables that are not set."""
        return [f"{self.prefix}_{name}" for name, value in self.values().items() if not value]

    @property
    def configured(self) -> bool:
        return all(map(self._value, self.credentials))

    def secret(self, name: str) -> str:
        """One credential; `NotConfigured` when it is not set."""
        if value := next(self._value(item) for item in self.credentials if item.name == name):
            return value
        raise NotConfigured(f"{self.prefix}_{name} is not set")

    def secrets(self, name: str) -> tuple[str, ...]:
        """A credential that may hold several values, comma-separated, while it is being rotated."""
        return tuple(filter(None, (part.strip() for part in self.secret(name).split(","))))

    def _value(self, item: Credential) -> str:
        return secret(f"{self.prefix}_{item.name}", item.sandbox if settings.PATCHBAY_SANDBOX else "")

    @property
    def base_url(self) -> str:
        """Where this vendor's API answers: `<SLUG>_API_URL`, else the sandbox's, else the vendor's own."""
        sandbox = f"{settings.SANDBOX_URL}/{self.slug}" if settings.PATCHBAY_SANDBOX else self.api
        return secret(f"{self.prefix}_API_URL", sandbox)

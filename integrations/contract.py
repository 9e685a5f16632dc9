"""What a plug-in is: one `Provider` object per vendor, and decorators that attach the vendor's ways to it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, TypeVar, cast

from django.conf import settings

from integrations.credentials import secret
from integrations.errors import NotConfigured
from integrations.facts import Fact
from integrations.http.policy import Policy, grant
from integrations.payload import Payload
from integrations.signatures.freshness import TOLERANCE


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """A request at the door: raw bytes, headers by lower-case name, and the moment it came (aware UTC).

    `address` is where it came from, as far as that can be believed; empty when nobody can say.
    """

    body: bytes
    headers: Mapping[str, str]
    now: datetime
    address: str = ""

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
    """One variable of a vendor. `sandbox` is the value in force beside the sandbox; `live` the prefix of a real one.

    `usual` is what is in force where none is given: such a variable may be left out.
    """

    name: str
    sandbox: str
    live: str = ""
    usual: str = ""


class Reply(Exception):
    """A genuine request that only wants this answer (status 200): nothing of it is stored."""

    def __init__(self, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        super().__init__("a genuine request that wants an answer and tells nothing")
        self.body, self.kind = body, kind


# Bytes of a batch that are read in a few milliseconds: 1 MiB of them may be 5,000 events, and take 150.
QUICK = 32 << 10


class Lengthy(Exception):
    """Whether the request is genuine takes a call to tell, or it is genuine and long to read: `finish` does the rest.

    It gives or raises what `receive` does, blocks, and may raise `Retryable` besides: whoever serves others meanwhile
    calls it in a thread. What is known to be `genuine` need not wait behind what anybody can send.
    """

    def __init__(self, finish: Callable[[], "list[Delivery]"], *, genuine: bool = False) -> None:
        super().__init__("this takes longer than others may wait")
        self.finish, self.genuine = finish, genuine


class Lane(IntEnum):
    """How much of a worker's attention a source gets while several wait: the value is its weight."""

    URGENT = 16
    NORMAL = 4
    BULK = 1


Receive = Callable[[Inbound], list[Delivery]]
Interpret = Callable[[Payload], Iterable[Fact]]
Rows = Iterable[tuple[str, str]]
F = TypeVar("F", bound=Callable[..., Any])
P = TypeVar("P")


@dataclass
class Provider:
    """One vendor. Its slug is its module, its environment prefix, its URL segment and its fixture folder.

    `patience`: how old a signed time may be, which is as long as the vendor repeats a delivery without signing anew.
    `signs_bytes`: whether the raw body is signed, rather than fields named in it.
    """

    slug: str
    name: str
    credentials: tuple[Credential, ...]
    api: str = ""
    signs_time: bool = True
    signs_bytes: bool = True
    patience: timedelta = TOLERANCE
    ignored: frozenset[str] = frozenset()
    lane: Lane = Lane.NORMAL
    policy: Policy = field(default_factory=Policy)
    _receive: Receive | None = None
    _health: Callable[[], None] | None = None
    _account: Callable[[], Rows] | None = None
    _kinds: dict[str, Interpret] = field(default_factory=dict)
    _ports: dict[type, Callable[[], Any]] = field(default_factory=dict)
    _needs: dict[type, tuple[Credential, ...]] = field(default_factory=dict)
    _variables: dict[str, Credential] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._variables.update({item.name: item for item in self.credentials})
        grant(self.slug, self.policy)

    # How a plug-in declares itself

    def webhook(self, function: Receive) -> Receive:
        """Attach the function that verifies raw bytes and returns Deliveries, or raises `Refused`.

        It never waits for anybody: what takes a call, or many milliseconds, is raised as `Lengthy`, an answer that it
        wants as `Reply`.
        """
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

    def provides(self, port: type, *needs: Credential) -> Callable[[F], F]:
        """Attach the factory of an implementation of `port`.

        `needs` are variables that it alone needs: without them the vendor is on, and does not offer the port.
        """

        def attach(factory: F) -> F:
            self._ports[port], self._needs[port] = factory, needs
            self._variables.update({item.name: item for item in needs})
            return factory

        return attach

    # What the rest of the border asks of it

    @property
    def receives(self) -> bool:
        return self._receive is not None

    def receive(self, inbound: Inbound) -> list[Delivery]:
        """The deliveries in a genuine request; `Refused` for any other; or `Lengthy`, or `Reply`."""
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
        return port in self._ports and not self.lacking(port)

    def lacking(self, port: type) -> list[str]:
        """The variables that `port` alone needs and that are not set."""
        return [f"{self.prefix}_{item.name}" for item in self._needs.get(port, ()) if not self._value(item)]

    def could_offer(self, port: type) -> bool:
        """Whether the plug-in has the port, its variables set or not."""
        return port in self._ports

    def port(self, port: type[P]) -> P:
        """This vendor's implementation of `port`; `NotConfigured` where it has none, or lacks what it needs for it."""
        if port not in self._ports:
            raise NotConfigured(f"{self.name} does not offer {port.__name__}")
        if lacking := self.lacking(port):
            raise NotConfigured(f"{self.name} does not offer {port.__name__}: set {' and '.join(lacking)}")
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
        return {item.name: self._value(item) for item in self.variables}

    @property
    def variables(self) -> tuple[Credential, ...]:
        """All there are: the vendor's own, and those that one port alone needs."""
        return tuple(self._variables.values())

    @property
    def half_set(self) -> list[str]:
        """What is missing of a port's variables where some of them are set; nothing of a vendor that is off."""
        if not self.configured:
            return []
        groups = ((self.lacking(port), needs) for port, needs in self._needs.items())
        return [name for lacking, needs in groups if len(lacking) < len(needs) for name in lacking]

    @property
    def required(self) -> tuple[Credential, ...]:
        """Those without which the vendor is off."""
        return tuple(item for item in self.credentials if not item.usual)

    def missing(self) -> list[str]:
        """The variables that must be set and are not."""
        return [f"{self.prefix}_{item.name}" for item in self.required if not self._value(item)]

    @property
    def configured(self) -> bool:
        return all(map(self._value, self.credentials))

    def secret(self, name: str) -> str:
        """One credential; `NotConfigured` when it is not set."""
        if value := self._value(self._variables[name]):
            return value
        raise NotConfigured(f"{self.prefix}_{name} is not set")

    def secrets(self, name: str) -> tuple[str, ...]:
        """A credential that may hold several values, comma-separated, while it is being rotated."""
        return tuple(filter(None, (part.strip() for part in self.secret(name).split(","))))

    def _value(self, item: Credential) -> str:
        return secret(f"{self.prefix}_{item.name}", item.sandbox if settings.PATCHBAY_SANDBOX else item.usual)

    @property
    def base_url(self) -> str:
        """Where this vendor's API answers: `<SLUG>_API_URL`, else the sandbox's, else the vendor's own."""
        sandbox = f"{settings.SANDBOX_URL}/{self.slug}" if settings.PATCHBAY_SANDBOX else self.api
        return secret(f"{self.prefix}_API_URL", sandbox)

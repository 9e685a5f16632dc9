"""The door under fire: requests that are nearly genuine, or genuinely signed nonsense.

To run the long form: `python -m tests.webhooks.fuzz 100000`. Nothing may be answered with 5xx, and nothing may be
stored that was not signed.
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

Header = tuple[bytes, bytes]
BATCH = 50
BLOCK = "\x00\x01\t \r\n\x7f\x80\xe9\xff,.=:;'\"{}[]|v10"
NONSENSE = (
    b"",
    b"{}",
    b"[]",
    b"null",
    b"\xff\xfe",
    b'{"id": 1}',
    b"[" * 5000,
    b'{"a":' * 5000,
    b"0" * 5000,
    b'"\\ud800"',
)


@dataclass
class Request:
    """One request to be sent to `slug`."""

    slug: str
    headers: list[Header]
    body: bytes


@dataclass
class Report:
    """What came of it all: answers by source and status, and everything that must not happen."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    broken: list[tuple[str, object, bytes]] = field(default_factory=list)
    forged: list[tuple[str, str]] = field(default_factory=list)
    stored: int = 0
    seconds: float = 0.0

    def lines(self) -> Iterator[str]:
        total = sum(self.answers.values())
        yield f"{total} requests in {self.seconds:.0f} s, {self.stored} deliveries stored"
        for slug in sorted({slug for slug, _ in self.answers}):
            counts = {status: count for (name, status), count in sorted(self.answers.items()) if name == slug}
            yield f"  {slug:12} " + "  ".join(f"{status}: {count}" for status, count in counts.items())
        yield f"answered with 5xx: {len(self.broken)}; stored forgeries: {len(self.forged)}"
        yield from (f"  {one}" for one in [*self.broken[:5], *self.forged[:5]])


class Fuzzer:
    """Makes requests by one seed, and remembers what it has signed."""

    def __init__(self, seed: int) -> None:
        from integrations.registry import all_providers
        from integrations.sandbox.samples import kinds

        self.chance = Random(seed)
        self.signed: set[tuple[str, bytes]] = set()
        self._samples = {slug: kinds(slug) for slug, one in all_providers().items() if one.receives}
        self._names = [*self._samples, "no-such-source", "", "stripe/", "\xe9"]

    def next(self) -> Request:
        pick = self.chance.random()
        slug = self.chance.choice(list(self._samples)) if pick < 0.97 else self.chance.choice(self._names)
        if slug not in self._samples:
            return Request(slug, [(b"x", b"y")], b"{}")
        genuine = self._genuine(slug, nonsense=self.chance.random() < 0.4)
        if self.chance.random() < 0.15:
            return genuine
        for _ in range(self.chance.randint(1, 3)):
            self.chance.choice((self._spoil_header, self._spoil_header, self._spoil_body, self._swap))(genuine)
        return genuine

    def _genuine(self, slug: str, *, nonsense: bool) -> Request:
        """A request that the vendor might have signed; what it may store is written down."""
        from django.utils import timezone

        from integrations.sandbox.samples import renewed, sample
        from integrations.sandbox.signing import seal

        kind = self.chance.choice(self._samples[slug])
        payload = json.dumps(renewed(slug, sample(slug, kind), timezone.now())).encode()
        if nonsense and not kind.endswith("Confirmation"):
            payload = self.chance.choice((self._mutated(payload), self.chance.choice(NONSENSE), self._bytes(60)))
        sealed = seal(slug, payload, kind=kind, now=timezone.now())
        headers = {name.lower(): value for name, value in sealed.headers.items()}
        self._write_down(slug, sealed.body, headers)
        return Request(slug, [(name.encode(), value.encode("latin-1")) for name, value in headers.items()], sealed.body)

    def _write_down(self, slug: str, body: bytes, headers: dict[str, str]) -> None:
        from django.utils import timezone

        from integrations.contract import Inbound, Reply
        from integrations.errors import Refused
        from integrations.registry import all_providers

        with suppress(Refused, Reply):
            inbound = Inbound(body=body, headers=headers, now=timezone.now())
            self.signed |= {(slug, item.body) for item in all_providers()[slug].receive(inbound)}

    def _spoil_header(self, request: Request) -> None:
        if not request.headers:
            return
        place = self.chance.randrange(len(request.headers))
        name, value = request.headers[place]
        changes: tuple[Callable[[], list[Header]], ...] = (
            list,
            lambda: [(name, value[: self.chance.randint(0, len(value))])],
            lambda: [(name, value), (name, self._bytes(40))],
            lambda: [(name, self._mutated(value))],
            lambda: [(name, value * self.chance.randint(2, 400))],
            lambda: [(name, self._text(30).encode("latin-1"))],
            lambda: [
                (name, self.chance.choice((b"", b"v1", b"v1,", b"v0=", b"sha256=", b"t=1,v1=", b" ", b"\xe9\xff")))
            ],
            lambda: [(name, b" " + value + b"\t")],
        )
        request.headers[place : place + 1] = self.chance.choice(changes)()

    def _spoil_body(self, request: Request) -> None:
        request.body = self.chance.choice(
            (
                request.body[: self.chance.randint(0, len(request.body))],
                request.body + self._bytes(5),
                self._mutated(request.body),
                self.chance.choice(NONSENSE),
                request.body + b"\r\n",
            )
        )

    def _swap(self, request: Request) -> None:
        """One vendor's headers on another's body, or one request's headers on another of the same vendor."""
        other = self._genuine(self.chance.choice((request.slug, *self._samples)), nonsense=False)
        request.headers = other.headers if self.chance.random() < 0.5 else request.headers + other.headers

    def _mutated(self, raw: bytes) -> bytes:
        changed = bytearray(raw or b"x")
        for _ in range(self.chance.randint(1, 4)):
            changed[self.chance.randrange(len(changed))] = self.chance.randrange(256)
        return bytes(changed)

    def _bytes(self, most: int) -> bytes:
        return self.chance.randbytes(self.chance.randint(0, most))

    def _text(self, most: int) -> str:
        return "".join(self.chance.choices(BLOCK, k=self.chance.randint(0, most)))


def fuzz(count: int, seed: int = 20261124) -> Report:
    """Send `count` requests to the door, with the real inbox behind it."""
    from webhooks.inbox.ingest import Ingest
    from webhooks.inbox.writer import Inbox

    report, fuzzer, inbox = Report(), Fuzzer(seed), Inbox()
    started, inbox_ = time.monotonic(), Ingest(inbox)
    inbox.start()
    try:
        asyncio.run(_send_all(count, fuzzer, inbox_, report))
    finally:
        inbox.stop()
    report.seconds = time.monotonic() - started
    _look_at_what_was_stored(fuzzer, report)
    return report


async def _send_all(count: int, fuzzer: Fuzzer, door: Any, report: Report) -> None:
    for start in range(0, count, BATCH):
        requests = [fuzzer.next() for _ in range(min(BATCH, count - start))]
        statuses = await asyncio.gather(*(_send(door, request) for request in requests))
        for request, status in zip(requests, statuses, strict=True):
            report.answers[request.slug, status if isinstance(status, int) else 500] += 1
            if not isinstance(status, int) or status >= 500:
                report.broken.append((request.slug, status, request.body[:80]))


async def _send(door: Any, request: Request) -> int | str:
    """The status of the answer; what the door raised when it gave none."""
    status: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        status.extend([message["status"]] if "status" in message else [])

    scope = {"type": "http", "method": "POST", "path": f"/webhooks/{request.slug}", "headers": request.headers}
    try:
        await door(scope, receive, send)
    except Exception as error:
        return repr(error)
    return status[0]


def _look_at_what_was_stored(fuzzer: Fuzzer, report: Report) -> None:
    from webhooks.inbox.contents import contents_of
    from webhooks.models import Delivery

    rows = {row.pk: row for row in Delivery.objects.all()}
    report.stored = len(rows)
    for key, content in contents_of(rows.values()).items():
        if (rows[key].source, content.body) not in fuzzer.signed:
            report.forged.append((rows[key].source, rows[key].external_id))


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ["LOG_LEVEL"] = "CRITICAL"
    import django

    django.setup()
    from django.conf import settings
    from django.test.utils import setup_databases, teardown_databases

    from tests.peers import SandboxPeer

    old = setup_databases(verbosity=0, interactive=False)
    try:
        with SandboxPeer() as peer:
            settings.SANDBOX_URL = peer.url
            know_by_heart()
            report = fuzz(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
    finally:
        teardown_databases(old, verbosity=0)
    print("\n".join(report.lines()))
    sys.exit(bool(report.broken or report.forged))


def know_by_heart() -> None:
    from tests.integrations.genuine import know_certificates

    know_certificates()


if __name__ == "__main__":
    main()

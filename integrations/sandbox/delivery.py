"""Webhooks on their way to us: signed and tried again as the vendor does it, or sent badly on request."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import httpx2
import structlog

from integrations.errors import NotConfigured
from integrations.sandbox.clock import Clock
from integrations.sandbox.errands import Errands
from integrations.sandbox.signing import seal
from integrations.sandbox.store import Json, Store

log = structlog.get_logger("sandbox")

# The pauses between tries. GitHub tries once: https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries
GAPS: dict[str, tuple[timedelta, ...]] = {
    "stripe": (
        timedelta(minutes=5),
        timedelta(minutes=30),
        *(timedelta(hours=hours) for hours in (2, 5, 10, 12, 12, 12, 12)),
    ),
    "sendgrid": tuple(timedelta(minutes=10 * 2**step) for step in range(7)),
    "github": (),
    # 25 times in three days; the pauses are not published: https://developer.paypal.com/api/rest/webhooks/
    "paypal": (*(timedelta(minutes=2**step) for step in range(7)), *(timedelta(hours=3.88),) * 18),
    # https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.retry.html
    "ses": (timedelta(seconds=20),) * 3,
    # https://docs.slack.dev/apis/events-api/#retries
    "slack": (timedelta(seconds=1), timedelta(minutes=1), timedelta(minutes=5)),
}
TIMEOUT = httpx2.Timeout(15.0)


@dataclass(frozen=True, kw_only=True)
class Message:
    """One webhook to send. `id` is the vendor's and stays the same through all tries."""

    id: str
    kind: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How a vendor delivers: `drop` and `duplicate` are shares from 0 to 1 (1 = every one), `delay` is in seconds.

    A dropped message is never sent at all; `shuffle` sends those of one occasion one after the other in a wrong order.
    """

    drop: float = 0.0
    duplicate: float = 0.0
    shuffle: bool = False
    delay: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.drop <= 1 and 0 <= self.duplicate <= 1):
            raise ValueError("drop and duplicate are shares from 0 to 1")
        if self.delay < 0:
            raise ValueError("delay is a number of seconds, 0 or more")


class Courier:
    """Carries messages to `<receiver>/webhooks/<slug>`; what is under way is in the store and survives a restart."""

    def __init__(self, store: Store, clock: Clock, errands: Errands, receiver: Callable[[], str]) -> None:
        self._store, self._clock, self._errands, self._receiver = store, clock, errands, receiver
        self._parcels = store.table("sandbox", "parcels")
        self._http = httpx2.AsyncClient(timeout=TIMEOUT, trust_env=False)
        self.forget()

    def forget(self) -> None:
        """Back to good manners, and to the first of the chances."""
        self._manners: dict[str, Manners] = {}
        self._chance = Random(0)  # noqa: S311  the same run of bad luck every time

    def behave(self, provider: str, manners: Manners) -> None:
        self._manners[provider] = manners

    def send(self, provider: str, messages: Iterable[Message]) -> None:
        """Take the messages of one occasion and carry them in the background."""
        manners = self._manners.get(provider, Manners())
        parcels = [self._pack(provider, message, manners) for message in messages]
        sent = [parcel for parcel in parcels if parcel["state"] == "waiting"]
        again = [parcel for parcel in sent if self._chance.random() < manners.duplicate]
        if manners.shuffle:
            self._errands.run(self._in_turn(self._shuffled(sent + again)))
        else:
            for parcel in sent:
                self._errands.run(self._carry(parcel))
            for parcel in again:
                self._errands.run(self._repeat(parcel))

    def resume(self) -> None:
        """Take up what was under way when the sandbox ended."""
        for parcel in self._parcels.values():
            if parcel["state"] == "waiting":
                self._errands.run(self._carry(parcel))

    def delivered(self, identifier: str) -> bool:
        """Whether the message was acknowledged."""
        return self._parcels.get(identifier, {}).get("state") == "delivered"

    def listed(self, provider: str) -> list[Json]:
        """What was sent, and how each try went; of one vendor, or of all."""
        return [parcel for parcel in self._parcels.values() if provider in ("", parcel["provider"])]

    async def close(self) -> None:
        await self._http.aclose()

    def _pack(self, provider: str, message: Message, manners: Manners) -> Json:
        parcel: Json = {
            "id": message.id,
            "provider": provider,
            "kind": message.kind,
            "body": message.body.decode(),
            "state": "dropped" if self._chance.random() < manners.drop else "waiting",
            "sent": self._clock.now().isoformat(),
            "due": self._clock.now().timestamp() + manners.delay,
            "gaps": 0,
            "tries": [],
        }
        self._parcels[message.id] = parcel
        self._store.changed()
        return parcel

    def _shuffled(self, parcels: list[Json]) -> list[Json]:
        shuffled = self._chance.sample(parcels, len(parcels))
        return shuffled if shuffled != parcels else parcels[::-1]

    async def _in_turn(self, parcels: list[Json]) -> None:
        for parcel in parcels:
            await self._repeat(parcel)
        for identifier in {parcel["id"] for parcel in parcels}:
            parcel = self._parcels[identifier]
            if parcel["state"] == "waiting":
                self._postpone(parcel)
                self._errands.run(self._carry(parcel))

    async def _repeat(self, parcel: Json) -> None:
        await self._clock.wait_until(datetime.fromtimestamp(parcel["due"], UTC))
        await self._try(parcel)

    async def _carry(self, parcel: Json) -> None:
        while parcel["state"] == "waiting":
            await self._clock.wait_until(datetime.fromtimestamp(parcel["due"], UTC))
            await self._try(parcel)
            if parcel["state"] == "waiting":
                self._postpone(parcel)

    async def _try(self, parcel: Json) -> None:
        outcome = await self._post(parcel)
        parcel["tries"].append({"at": self._clock.now().isoformat(), **outcome})
        if outcome["status"] and 200 <= outcome["status"] < 300:
            parcel["state"] = "delivered"
        self._store.changed()
        log.info("sandbox.webhook", provider=parcel["provider"], kind=parcel["kind"], id=parcel["id"], **outcome)

    async def _post(self, parcel: Json) -> Json:
        """The status that was answered; null, and why, when nothing was."""
        provider, payload = parcel["provider"], parcel["body"].encode()
        try:
            # Signed by the real clock: whoever checks the time has not been advanced with us.
            sealed = seal(provider, payload, kind=parcel["kind"], now=datetime.now(UTC), delivery=parcel["id"])
            url = f"{self._receiver()}/webhooks/{provider}"
            answer = await self._http.post(url, content=sealed.body, headers=sealed.headers)
        except (httpx2.HTTPError, httpx2.InvalidURL, NotConfigured) as error:
            return {"status": None, "error": str(error) or repr(error)}
        return {"status": answer.status_code}

    def _postpone(self, parcel: Json) -> None:
        gaps = GAPS[parcel["provider"]]
        if parcel["gaps"] == len(gaps):
            parcel["state"] = "given_up"
        else:
            parcel["due"] += gaps[parcel["gaps"]].total_seconds()
            parcel["gaps"] += 1
        self._store.changed()

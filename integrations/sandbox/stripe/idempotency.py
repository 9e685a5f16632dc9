"""Idempotency keys as Stripe honours them. https://docs.stripe.com/api/idempotent_requests

The status and body of a request whose work began are kept for 24 hours, a 500 like any other; one that was refused
before, or while another with its key was running, leaves nothing behind.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from integrations.sandbox.clock import Clock
from integrations.sandbox.store import Json, Table
from integrations.sandbox.stripe.errors import StripeError

KEPT_FOR = timedelta(hours=24)
LONGEST = 255


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What Stripe answers; `original` is the request whose stored answer this is."""

    status: int
    body: Json
    original: str = ""

    @property
    def kept(self) -> bool:
        return self.status < 400 or self.status in (402, 500)


class Keys:
    """The keys Stripe has seen, and those whose requests are being worked on."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table, self._clock = table, clock
        self._running: set[str] = set()

    async def once(self, key: str, question: Any, request_id: str, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Do the work, unless `key` has done it. `question` is what must be the same when a key is used again."""
        if not key:
            return await work()
        if len(key) > LONGEST:
            raise StripeError(400, f"Idempotency keys may be at most {LONGEST} characters long.")
        if kept := self._kept(key):
            return _replay(key, kept, question)
        if key in self._running:
            raise _in_use(key)
        return await self._keep(key, question, request_id, work)

    async def _keep(self, key: str, question: Any, request_id: str, work: Callable[[], Awaitable[Answer]]) -> Answer:
        self._running.add(key)
        try:
            answer = await work()
        finally:
            self._running.discard(key)
        if answer.kept:
            self._table[key] = {
                "question": question,
                "request": request_id,
                "at": self._clock.stamp(),
                "status": answer.status,
                "body": answer.body,
            }
        return answer

    def _kept(self, key: str) -> Json | None:
        kept = self._table.get(key)
        if kept and self._clock.stamp() - kept["at"] >= KEPT_FOR.total_seconds():
            del self._table[key]
            return None
        return kept


def _replay(key: str, kept: Json, question: Any) -> Answer:
    if kept["question"] != question:
        raise StripeError(
            400,
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request.",
            type="idempotency_error",
        )
    return Answer(status=kept["status"], body=kept["body"], original=kept["request"])


def _in_use(key: str) -> StripeError:
    return StripeError(
        409,
        "There is currently another in-progress request using this Idempotent Key "
        f"(that probably means you submitted twice, and the other request is still going through): {key}.",
        type="idempotency_error",
        code="idempotency_key_in_use",
    )

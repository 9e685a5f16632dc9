"""What a claimed delivery means and what is to be done about it, before anything is committed."""

import time
from dataclasses import dataclass

from integrations.claims import lease
from integrations.correlation import correlate
from integrations.errors import Ignored, Permanent
from integrations.http import deadline
from webhooks import metrics
from webhooks.inbox.contents import Content
from webhooks.models import Delivery
from webhooks.processing.fates import end, fail
from webhooks.processing.handling import Effect, effects_of
from webhooks.processing.speakers import speaker


@dataclass
class Work:
    """A claimed delivery that knows its fate, the effects to commit with it, and the seconds spent on it so far."""

    delivery: Delivery
    effects: list[Effect]
    seconds: float


def prepare(delivery: Delivery, content: Content | None) -> Work:
    """Interpret it and ask its handlers, who ask their vendors, for the effects; a failure becomes its fate."""
    started = time.perf_counter()
    effects: list[Effect] = []
    with correlate(delivery.request_id), lease(delivery):
        try:
            effects = _effects(delivery, content)
            end(delivery, Delivery.State.HANDLED)
        except Exception as error:  # noqa: BLE001  its type decides: see fates.fail
            fail(delivery, error)
    return Work(delivery, effects, time.perf_counter() - started)


def _effects(delivery: Delivery, content: Content | None) -> list[Effect]:
    deadline.require("this delivery: its lease is over")
    source = speaker(delivery.source)
    if not source.knows(delivery.kind):
        raise Ignored(_set_aside(delivery, delivery.kind in source.ignored))
    if content is None:
        raise Permanent("what it came with is no longer kept")
    facts = source.interpret(delivery, content.body)
    delivery.facts = [{"fact": type(fact).__name__, **vars(fact)} for fact in facts]
    return effects_of(facts)


def _set_aside(delivery: Delivery, knowingly: bool) -> str:
    if knowingly:
        return "a kind we set aside"
    metrics.unknown.count(delivery.source)
    return "a kind we do not know"

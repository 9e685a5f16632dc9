"""From deliveries to effects: claim a batch, say what each means, ask the vendors, commit the effects with the ends."""

import time
from math import inf

from django.conf import settings

from webhooks.crew import Crew
from webhooks.inbox.contents import contents_of
from webhooks.models import Delivery
from webhooks.processing.commitment import commit
from webhooks.processing.preparation import Work, prepare
from webhooks.processing.queue import claim
from webhooks.tasks import wake_drain

FIRST, MOST = 20, 100  # deliveries in a batch
PACE = 0.25  # seconds that a batch's handlers should take, so that an urgent delivery is never far from its turn
LONGEST_WAIT = 0.02  # seconds of preparing after which what is ready is committed
TURN = 2.0  # seconds after which a worker looks what else there is to do
clock = time.perf_counter
# Half of the threads: the events that deliveries lead to are relayed by the others, while a flood lasts.
_crew = Crew(max(1, settings.WORKER_THREADS // 2))


def drain(until: float = inf) -> int:
    """Process the deliveries whose turn it is, until none is left or the clock says so; returns how many were taken."""
    taken, size = 0, FIRST
    while clock() < until and (batch := claim(size)):
        seconds = work_off(batch)
        taken += len(batch)
        size = _fitting(len(batch), seconds)
    return taken


def take_turn() -> int:
    """A worker's share of the work: others are waiting for its threads, too. What is left is for the next turn."""
    return _crew.work(_turn)


def _turn() -> int:
    until = clock() + TURN
    taken = drain(until)
    if clock() >= until:
        wake_drain()
    return taken


def _fitting(count: int, seconds: float) -> int:
    """How many deliveries take as long as a batch should, at the pace of the last."""
    return max(1, min(MOST, int(PACE * count / max(seconds, 0.001))))


def work_off(batch: list[Delivery]) -> float:
    """Process claimed deliveries, whatever comes of each: together as long as they are quick and all goes well.

    Returns the seconds that their handlers took: how long a commit takes says nothing of them, and grows shorter for
    each the more there are.
    """
    contents = contents_of(batch)
    ready: list[Work] = []
    seconds, since = 0.0, clock()
    for delivery in batch:
        ready.append(prepare(delivery, contents.get(delivery.pk)))
        seconds += ready[-1].seconds
        if clock() - since > LONGEST_WAIT:
            commit(ready)
            ready, since = [], clock()
    commit(ready)
    return seconds

"""An effect and a sink that count how often they happen, and do nothing against happening twice.

The product's own effects would: an event is published once per push, and told to a stream once. What keeps these here
from happening twice is nothing but the fence in front of every effect.
"""

import time
from functools import partial

from django.db import connection

from integrations.facts import RepositoryPushed
from integrations.ports import Event
from webhooks.processing.handlers import PUSHED
from webhooks.processing.handling import Effect, handles

SLOW = "slow-"  # and the milliseconds that the handler takes, as the pusher's name


@handles(RepositoryPushed)
def witness(fact: RepositoryPushed) -> Effect:
    if fact.pusher.startswith(SLOW):
        time.sleep(int(fact.pusher.removeprefix(SLOW)) / 1000)
    return partial(_note, fact.head, "handled")


def tell(event: Event) -> None:
    """The sink."""
    if event.name == PUSHED.name:
        _note(event.data["head"], "told")


def _note(head: str, what: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO chaos_witness (head, what) VALUES (%s, %s)", [head, what])

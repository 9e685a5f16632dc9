"""The sink that puts every event into its streams, and wakes whoever is listening once that is committed."""

from functools import partial

from django.db import transaction

from integrations.ports import Event
from realtime import wake
from realtime.services import append

STAFF = "staff"


def user_stream(user: int) -> str:
    """The key of one person's stream."""
    return f"user:{user}"


def remember(event: Event) -> None:
    """Write `event` to the staff's stream and to its person's; the same event again changes nothing."""
    # The staff's stream first, always: every writer locks in one order, so none waits for another in a circle.
    keys = [STAFF] if event.user is None else [STAFF, user_stream(event.user)]
    for key in keys:
        append(key, event)
    transaction.on_commit(partial(wake.publish, keys))

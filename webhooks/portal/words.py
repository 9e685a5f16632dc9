"""How endpoints and messages are, in words for the people whose they are."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.dateformat import format as formatted

from integrations.causes import span
from webhooks.endpoints.health import ends_on
from webhooks.endpoints.pace import rests
from webhooks.endpoints.schedule import WAITS
from webhooks.models import Attempt, Endpoint, Message

State = Endpoint.State


@dataclass(frozen=True)
class Standing:
    """How an endpoint is: `look` names the mark beside it, `words` say it, `detail` says what follows from it."""

    look: str
    words: str
    detail: str = ""


def when(moment: datetime) -> str:
    """A time as a sentence has it: `24 November 2026, 12:00 UTC`."""
    return f"{formatted(moment, 'j F Y, H:i')} UTC"


def standing(endpoint: Endpoint, now: datetime) -> Standing:
    """How the endpoint is at `now`."""
    if endpoint.state == State.DISABLED:
        reason = f" because: {endpoint.reason}" if endpoint.reason else "."
        return Standing("down", f"Disabled since {when(endpoint.since)}", f"We stopped sending{reason}")
    if endpoint.state == State.PAUSED:
        return Standing("paused", f"Paused since {when(endpoint.since)}", "What happens meanwhile is queued.")
    if endpoint.failing_since:
        return Standing("degraded", f"Failing since {when(endpoint.failing_since)}", _failing(endpoint, now))
    return Standing("up", "Enabled")


def _failing(endpoint: Endpoint, now: datetime) -> str:
    tries = f"{endpoint.failures} {'try' if endpoint.failures == 1 else 'tries'} in vain since."
    end = ends_on(endpoint)
    if end is None or end <= now:
        return f"{tries} If that lasts, we disable it."
    return f"{tries} If nothing arrives until {when(end)}, we disable it."


def due(message: Message, last: Attempt | None, now: datetime) -> str:
    """When a message is tried next; empty for one that is done. `last` is its latest try that came to an end."""
    endpoint = message.endpoint
    if message.state != Message.State.WAITING:
        return ""
    if endpoint.state == State.PAUSED:
        return "It waits until you resume the endpoint."
    if endpoint.state == State.DISABLED:
        return "It waits: the endpoint is disabled."
    # A claim counts up before its try begins: one more claim than the log has tries is a try under way.
    if message.due_at > now and message.attempts > (last.number if last else 0):
        return "It is being sent now."
    if message.due_at <= now:
        return _turn(endpoint, now)
    left = len(WAITS) - message.tries
    return f"Next try in {span((message.due_at - now).total_seconds())}, at {when(message.due_at)}; {_left(left)}."


def _turn(endpoint: Endpoint, now: datetime) -> str:
    if rests(endpoint, now):
        return "It waits for its turn, by the endpoint's rate."
    one_at_a_time = endpoint.ordered or endpoint.failing_since
    return "It waits for its turn." if one_at_a_time else "It is being sent now."


def _left(tries: int) -> str:
    return "it is the last" if tries == 1 else f"{tries} of {len(WAITS)} tries are left"

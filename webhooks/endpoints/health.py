"""Endpoints that fail: their owner is warned in time, and one that has failed for days is disabled."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings

from webhooks.endpoints import events
from webhooks.endpoints.parcels import Outcome
from webhooks.models import Endpoint

log = structlog.get_logger("endpoints")


def note(endpoint: Endpoint, outcome: Outcome, now: datetime) -> None:
    """Take in what came of one try, in a transaction that holds the endpoint; publishes what its owner is to know."""
    if outcome.ok:
        _well(endpoint)
    elif not outcome.parcel.is_test:
        _failed(endpoint, outcome, now)


def _well(endpoint: Endpoint) -> None:
    """A success ends the failing; who was warned is told so. One that was disabled meanwhile stays so."""
    was_told = endpoint.notices > 0 and endpoint.state != Endpoint.State.DISABLED
    endpoint.failing_since, endpoint.failures, endpoint.notices = None, 0, 0
    if was_told:
        events.recovered(endpoint)


def _failed(endpoint: Endpoint, outcome: Outcome, now: datetime) -> None:
    endpoint.failing_since = endpoint.failing_since or outcome.at
    endpoint.failures += 1
    if endpoint.state == Endpoint.State.DISABLED:
        return
    if outcome.code == "gone" or _for_too_long(endpoint, now):
        _disable(endpoint, outcome, now)
    else:
        _warn(endpoint, outcome, now)


def ends_on(endpoint: Endpoint) -> datetime | None:
    """When an endpoint that is failing will be disabled; None for one that is well."""
    if endpoint.failing_since is None:
        return None
    return endpoint.failing_since + timedelta(days=settings.ENDPOINT_DISABLE_DAYS)


def _for_too_long(endpoint: Endpoint, now: datetime) -> bool:
    end = ends_on(endpoint)
    # A few messages a week that fail are no proof: days of failing must also be many tries.
    return end is not None and now >= end and endpoint.failures >= settings.ENDPOINT_DISABLE_FAILURES


def _disable(endpoint: Endpoint, outcome: Outcome, now: datetime) -> None:
    endpoint.state, endpoint.since, endpoint.reason = Endpoint.State.DISABLED, now, outcome.words
    log.warning("endpoint.disabled", endpoint=endpoint.uid, failures=endpoint.failures, reason=outcome.words)
    events.disabled(endpoint, outcome.words, now)


def _warn(endpoint: Endpoint, outcome: Outcome, now: datetime) -> None:
    """Each notice is given once, whatever was missed before it: the owner is told as it is now."""
    failing = now - (endpoint.failing_since or now)
    due = sum(failing >= timedelta(days=days) for days in settings.ENDPOINT_NOTICE_DAYS)
    end = ends_on(endpoint)
    if due <= endpoint.notices or end is None:
        return
    endpoint.notices = due
    log.warning("endpoint.failing", endpoint=endpoint.uid, failures=endpoint.failures, reason=outcome.words)
    events.failing(endpoint, outcome.words, max(end, now))

"""Where a vendor's gate, rate, circuit and budget are kept: in Redis for all, or in this process alone."""

from functools import cache

from django.conf import settings

from integrations.http.local import LocalState
from integrations.http.policy import policy_of
from integrations.http.shared import SharedState
from integrations.http.states import VendorState
from integrations.http.wire import Wire

PATIENCE = 0.25  # seconds: a Redis that answers slower than this is as good as away


@cache
def state_of(slug: str) -> VendorState:
    """The one state of a vendor in this process."""
    policy = policy_of(slug)
    return SharedState(slug, policy, _wire()) if settings.REDIS_URL else LocalState(policy, vendor=slug)


@cache
def _wire() -> Wire:
    return Wire(settings.REDIS_URL, PATIENCE)


def forget() -> None:
    """Begin anew with what the settings say now."""
    state_of.cache_clear()
    _wire.cache_clear()

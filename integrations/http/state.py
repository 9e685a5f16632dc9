"""Where a vendor's gate, rate, circuit and budget are kept: in Redis for all, or in this process alone."""

from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from integrations.http.local import LocalState
from integrations.http.policy import policy_of
from integrations.http.shared import SharedState
from integrations.http.states import VendorState

PATIENCE = 0.25  # seconds: a Redis that answers slower than this is as good as away


@cache
def state_of(slug: str) -> VendorState:
    """The one state of a vendor in this process."""
    policy = policy_of(slug)
    return SharedState(slug, policy, _redis()) if settings.REDIS_URL else LocalState(policy)


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 1)
    )


def forget() -> None:
    """Begin anew with what the settings say now."""
    state_of.cache_clear()
    _redis.cache_clear()

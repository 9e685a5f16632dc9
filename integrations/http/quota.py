"""How much of a vendor's own rate is left, read from the headers it answers with and kept for the health page."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from re import ASCII
from re import compile as pattern

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

log = structlog.get_logger("quota")

KEPT = 3600  # seconds that what was read is worth showing, unless the vendor says when it resets
BETWEEN_NOTES = 1.0  # seconds: a vendor asked a thousand times a second is heard once
# A reset further than this is no delay but a moment: GitHub and SendGrid send Unix time, others seconds to wait.
EPOCH = 1_000_000_000

_NUMBER = pattern(r"\d{1,15}", ASCII)
_PARAMETER = pattern(r"\b(r|t|q|limit|remaining|reset)\s{0,3}=\s{0,3}(\d{1,15})(?!\d)", ASCII)
LONGEST_HEADER = 1024


@dataclass(frozen=True)
class Quota:
    """What is left of the vendor's window: calls, of how many (None: unsaid), until it is full again (seconds)."""

    remaining: int
    limit: int | None = None
    resets_in: float | None = None


def quota_of(headers: Mapping[str, str], now: float | None = None) -> Quota | None:
    """What the headers (names in lower case, or case-insensitive) say; None when they say nothing we can trust.

    Understood: `RateLimit` (draft 11, and the lists of draft 7), `RateLimit-*` and `X-RateLimit-*`.
    """
    return _single(headers, now) if "ratelimit" not in headers else _structured(headers)


def _structured(headers: Mapping[str, str]) -> Quota | None:
    """draft 11: `"hour";r=12;t=80, "day";r=900`: of several windows the tightest counts."""
    offers = [_parameters(item) for item in headers["ratelimit"][:LONGEST_HEADER].split('"') if ";" in item]
    offers = offers or [_parameters(headers["ratelimit"])]
    found = [
        Quota(item.get("r", item.get("remaining", 0)), item.get("limit"), item.get("t", item.get("reset")))
        for item in offers
        if "r" in item or "remaining" in item
    ]
    if not found:
        return None
    tightest = min(found, key=lambda quota: quota.remaining)
    policy = _parameters(headers.get("ratelimit-policy", "")) if len(found) == 1 else {}
    return Quota(tightest.remaining, tightest.limit or policy.get("q"), tightest.resets_in)


def _parameters(text: str) -> dict[str, int]:
    return {name: int(value) for name, value in _PARAMETER.findall(text[:LONGEST_HEADER].lower())}


def _single(headers: Mapping[str, str], now: float | None) -> Quota | None:
    for prefix in ("ratelimit", "x-ratelimit"):
        remaining = _number(headers.get(f"{prefix}-remaining"))
        if remaining is not None:
            return Quota(
                remaining,
                _number(headers.get(f"{prefix}-limit")),
                _delay(_number(headers.get(f"{prefix}-reset")), time.time() if now is None else now),
            )
    return None


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and _NUMBER.fullmatch(text.strip()[:20]) else None


def _delay(reset: int | None, now: float) -> float | None:
    if reset is None:
        return None
    return max(0.0, reset - now) if reset > EPOCH else float(reset)


# Heard by the attempt, kept by another thread where the processes meet, which may be down or hang

_heard_at: dict[str, float] = {}
_heard: dict[str, Quota] = {}


def heed(vendor: str, headers: Mapping[str, str]) -> None:
    """Remember what an answer's headers say, at most once a second, until `share` is called; waits for nothing."""
    now = time.monotonic()
    if now - _heard_at.get(vendor, -BETWEEN_NOTES) >= BETWEEN_NOTES and (found := quota_of(headers)):
        _heard_at[vendor] = now
        _heard[vendor] = found


def share() -> None:
    """Note what was heard since the last time, for all processes. The journal's thread does it, no caller."""
    for vendor in list(_heard):
        if found := _heard.pop(vendor, None):
            note(vendor, found)


def note(vendor: str, quota: Quota) -> None:
    """Keep the quota until it resets; a cache that is away is noted and survived."""
    lasts = KEPT if quota.resets_in is None else min(max(quota.resets_in, 1.0), KEPT)
    try:
        cache.set(_key(vendor), asdict(quota), timeout=lasts)
    except (RedisError, OSError) as error:
        log.warning("quota.not_kept", vendor=vendor, error=repr(error))


def quota(vendor: str) -> Quota | None:
    """The quota last noted for the vendor by any process; None when it is unknown or its window is over."""
    try:
        kept = cache.get(_key(vendor))
    except (RedisError, OSError) as error:
        log.warning("quota.unreadable", vendor=vendor, error=repr(error))
        return None
    return Quota(**kept) if kept else None


def _key(vendor: str) -> str:
    return f"quota:{vendor}"

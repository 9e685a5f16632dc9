"""A clock to turn, and names that no other test uses."""

import uuid

import pytest

from webhooks.api.buckets import Quota

STANDARD = Quota(rate=100, burst=20)
# Gains one a minute: however slow the machine, a test of the burst ends before there is another.
STILL = Quota(rate=1, burst=20)


class Clock:
    """Seconds of this process's monotonic clock, which pass only when told to, but for a microsecond a look."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        self.now += 1e-6
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis that lives is waited for, however busy this machine is; one that is dead refuses at once."""
    monkeypatch.setattr("webhooks.api.shared.TIMEOUT", 60.0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What throttled and the outage's pause take for the time."""
    clock = Clock()
    monkeypatch.setattr("throttled.utils.now_mono_f", clock)
    return clock


@pytest.fixture
def name() -> str:
    return f"test:{uuid.uuid4().hex}"

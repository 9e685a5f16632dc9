"""Vendors that fail on order, and time that nobody waits out."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from integrations.http import pipeline, state, transport
from integrations.http.policy import Policy, policy_of
from tests.clocks import Leaping, keep_time
from tests.peers import SandboxPeer

OUTAGE = 1000  # requests: more than any test makes


@pytest.fixture
def leaping(monkeypatch: pytest.MonkeyPatch) -> Leaping:
    """Pauses are not waited out: they put the clock forward."""
    clock = Leaping()
    keep_time(monkeypatch, clock)
    return clock


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Grant an attempt so many seconds, the vendor's policy being otherwise its own."""

    def grant(seconds: float) -> None:
        def hasty(slug: str) -> Policy:
            return replace(policy_of(slug), attempt=seconds)

        for module in (pipeline, transport, state):
            monkeypatch.setattr(module, "policy_of", hasty)

    return grant


@pytest.fixture
def fault(sandbox: SandboxPeer, hurry: Callable[[float], None]) -> Iterator[Callable[..., None]]:
    """Order a fault of a vendor; for a silence, patience is short."""

    def put(vendor: str, match: str, name: str, times: int = OUTAGE) -> None:
        if name == "timeout":
            hurry(0.3)
        sandbox.control("POST", "/faults", {"provider": vendor, "match": match, "fault": name, "times": times})

    yield put
    sandbox.control("DELETE", "/faults")

"""Those whom an open circuit sends away do not come back as a herd."""

import pytest

from integrations.errors import CircuitOpen
from integrations.http import pipeline
from integrations.http.policy import USUAL
from integrations.http.retry import Call
from integrations.http.state import state_of
from integrations.http.states import Mode


def _told_to_wait() -> float:
    with pytest.raises(CircuitOpen) as refused:
        pipeline.guarded(Call(vendor="away", operation="GET /", idempotent=True), lambda: None)
    assert refused.value.retry_after is not None
    return refused.value.retry_after


def test_callers_refused_at_one_moment_are_told_to_return_at_many() -> None:
    """Never sooner than the circuit is tried again, and spread over a second from then."""
    state_of("away").order(Mode.OPEN)
    waits = [_told_to_wait() for _ in range(100)]
    assert min(waits) >= USUAL.breaker.open_for
    assert max(waits) <= USUAL.breaker.open_for + pipeline.SPREAD
    assert max(waits) - min(waits) > pipeline.SPREAD / 2

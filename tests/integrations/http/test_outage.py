"""A total outage, and the end of it: retries and circuits keep us from being a part of the vendor's trouble."""

import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
import redis

from integrations.http import state
from integrations.http.policy import grant
from integrations.http.states import Mode, State
from tests.clocks import Leaping, keep_time
from tests.integrations.http.ailing import UNLIMITED, Ailing, away

CALLS = 1000
MOST = 1.1  # requests a call


@pytest.fixture
def vendor() -> Ailing:
    slug = f"ailing-{uuid.uuid4().hex[:12]}"
    grant(slug, UNLIMITED)
    return Ailing(slug, away)


@pytest.fixture
def shared(settings, redis_url: str, vendor: Ailing) -> Iterator[None]:
    """The vendor's state is in Redis, and taken from there afterwards."""
    settings.REDIS_URL = redis_url
    state.forget()
    yield
    client = redis.Redis.from_url(redis_url)
    client.delete(*client.scan_iter(f"patchbay:{{{vendor.slug}}}:*"), "patchbay:none")


@pytest.mark.usefixtures("leaping")
def test_in_an_outage_the_budget_alone_keeps_us_from_asking_much_more_often(vendor):
    state.state_of(vendor.slug).order(Mode.DISABLED)
    assert vendor.offer(CALLS) == 0
    assert CALLS < vendor.asked <= MOST * CALLS


@pytest.mark.parametrize("calls", [1, 20])
def test_in_a_long_outage_time_grants_no_retries(vendor, monkeypatch, calls):
    """An hour of so many calls a minute: what was in hand at the start is tried again, and nothing after that."""
    clock = Leaping()
    keep_time(monkeypatch, clock)
    state.state_of(vendor.slug).order(Mode.DISABLED)
    for minute in range(1, 61):
        vendor.offer(calls)
        clock.ahead = minute * 60.0
    assert vendor.asked == 60 * calls + UNLIMITED.retry_tokens


@pytest.mark.usefixtures("leaping")
def test_with_the_circuit_a_dead_vendor_is_hardly_asked_at_all(vendor):
    assert vendor.offer(CALLS) == 0
    assert vendor.asked <= 0.05 * CALLS
    assert state.state_of(vendor.slug).look().state is State.OPEN


def test_after_the_outage_no_storm_breaks_loose(vendor, monkeypatch):
    """A hundred calls a second through a minute of outage, and through the second after it."""
    clock = Leaping()
    keep_time(monkeypatch, clock)
    for _ in range(600):
        vendor.offer(10)
        clock.ahead += 0.1
    until_tried = state.state_of(vendor.slug).look().opens_in
    vendor.asked, vendor.answer = 0, lambda: "well"
    clock.ahead += until_tried
    went_well = 0
    for _ in range(10):
        went_well += vendor.offer(10)
        clock.ahead += 0.1
    assert went_well == 100, "and everybody is served at once"
    assert vendor.asked <= MOST * 100


def test_a_vendor_that_is_half_well_still_gets_no_storm(vendor, monkeypatch):
    """Every second request fails: what the successes earn is what the retries may cost."""
    keep_time(monkeypatch, Leaping())
    state.state_of(vendor.slug).order(Mode.DISABLED)
    vendor.answer = lambda: "well" if vendor.asked % 2 else away()
    vendor.offer(CALLS)
    assert vendor.asked <= MOST * CALLS + UNLIMITED.retry_tokens


@pytest.mark.services
@pytest.mark.usefixtures("shared", "leaping")
@pytest.mark.parametrize(("mode", "most"), [(Mode.DISABLED, MOST), (Mode.AUTO, 0.05)])
def test_two_processes_share_one_budget_and_one_circuit(vendor, redis_url, mode, most):
    state.state_of(vendor.slug).order(mode)
    program = [sys.executable, "-m", "tests.integrations.http.ailing", vendor.slug, str(CALLS // 2)]
    environment = {"PATH": "/usr/bin:/bin", "REDIS_URL": redis_url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    running = [subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    asked = [int(process.communicate(timeout=300)[0].splitlines()[-1]) for process in running]
    assert sum(asked) <= most * CALLS
    if mode is Mode.DISABLED:
        assert sum(asked) == CALLS + UNLIMITED.retry_tokens, "one budget for both, not for each"

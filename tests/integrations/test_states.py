"""From observations to a state: every combination, against the rule said a second time and otherwise."""

from itertools import product

import pytest

from integrations.models import Incident, State
from integrations.states import Observation, findings, state

ORDER = [State.PAUSED, State.DOWN, State.DEGRADED, State.LATE, State.NEW, State.UP]

# Each part of an observation, with the state that this part alone asks for.
PAUSED = [({"paused": True}, State.PAUSED), ({}, State.UP)]
PROBES = [
    ({"failures": 0}, State.UP),
    ({"failures": 1, "code": "timeout"}, State.UP),
    ({"failures": 2, "code": "timeout"}, State.DOWN),
    ({"failures": 9, "code": "unauthorized"}, State.DOWN),
]
CIRCUIT = [
    ({}, State.UP),
    ({"circuit": "circuit_open"}, State.DOWN),
    ({"circuit": "held_open"}, State.DOWN),
    ({"trying": True}, State.DEGRADED),
]
TRAFFIC = [
    ({"calls": 0}, State.UP),
    ({"calls": 9, "failed": 9, "p50_ms": 9000.0, "p95_ms": 9000.0}, State.UP),
    ({"calls": 10, "failed": 2, "p50_ms": 4999.0, "p95_ms": 9000.0}, State.UP),
    ({"calls": 60, "failed": 5, "p95_ms": 4999.0}, State.UP),
    ({"calls": 10, "failed": 3}, State.DEGRADED),
    ({"calls": 60, "failed": 6}, State.DEGRADED),
    ({"calls": 10, "p50_ms": 5000.0}, State.DEGRADED),
    ({"calls": 60, "p95_ms": 5000.0}, State.DEGRADED),
]
LATE = [({"late": True}, State.LATE), ({}, State.UP)]
CONTACT = [({"contacted": False}, State.NEW), ({}, State.UP)]
EVERY = list(product(PAUSED, PROBES, CIRCUIT, TRAFFIC, LATE, CONTACT))


def test_the_gravest_part_decides_in_every_combination() -> None:
    assert len(EVERY) == 1024
    for parts in EVERY:
        seen = Observation(**{name: value for part, _ in parts for name, value in part.items()})
        gravest = min((asked for _, asked in parts), key=ORDER.index)
        assert state(seen) == (State.DOWN if seen.circuit == "held_open" else gravest), seen


def test_a_finding_belongs_to_each_bad_state_and_none_to_a_good_one() -> None:
    for parts in EVERY:
        seen = Observation(**{name: value for part, _ in parts for name, value in part.items()})
        due = {kind for kind, code in findings(seen).items() if code}
        wanted = {State.DOWN: {"down"}, State.DEGRADED: {"degraded"}}
        assert due == (set() if seen.paused else wanted.get(state(seen), set())), seen


def test_a_vendor_that_is_down_keeps_its_lesser_incident_open() -> None:
    assert Incident.Kind.DEGRADED not in findings(Observation(failures=2, code="timeout", trying=True))


def test_a_paused_vendor_is_not_judged() -> None:
    assert findings(Observation(paused=True, failures=5, code="timeout")) == {}


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (Observation(failures=2, code="unauthorized"), "unauthorized"),
        (Observation(failures=2, code="timeout", circuit="circuit_open"), "circuit_open"),
    ],
)
def test_the_cause_is_the_circuit_before_the_probe(seen: Observation, code: str) -> None:
    assert findings(seen) == {Incident.Kind.DOWN: code}

"""Killed with -9 between any two steps, a message to an endpoint arrives all the same, under one webhook-id.

Each place takes the start of a whole Patchbay, so the suite dies at a few of them. All of them, embedded and grown:

    PATCHBAY_EVERY_DEATH=1 python -m pytest tests/webhooks/endpoints/test_kill.py
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from integrations.signatures.standard import require_signed
from tests.services import database
from tests.story.buyer import DEMO, Buyer
from tests.story.test_kill import doomed
from tests.topology import EMBEDDED, GROWN, Topology
from tests.webhooks.endpoints.receiver import Receiver

pytestmark = pytest.mark.story

STEPS = [
    ("webhooks.endpoints.sink:queue", "before"),
    ("webhooks.endpoints.sink:queue", "after"),
    ("webhooks.outbox.relay:_commit", "after"),
    ("webhooks.endpoints.taking:_due", "after"),
    ("webhooks.endpoints.taking:take", "after"),
    ("webhooks.endpoints.parcels:pack", "after"),
    ("webhooks.endpoints.carrying:carry", "before"),
    ("webhooks.endpoints.carrying:_judged", "before"),
    ("webhooks.endpoints.recording:record", "before"),
    ("webhooks.endpoints.recording:_settle", "after"),
    ("webhooks.endpoints.recording:record", "after"),
]
# Before anything is kept of a try, once it has been answered, and once all is written; where all is taken.
FEW = [STEPS[0], STEPS[7], STEPS[10]]
FEW_GROWN = [STEPS[4]]
EVERY = bool(os.environ.get("PATCHBAY_EVERY_DEATH"))
# Nobody waits for a bucket to fill either: the tests ask again and again.
QUICK = {"PATCHBAY_API_RATE": "0", "PATCHBAY_ENDPOINT_SECONDS": "1"}
SHORT = {"PATCHBAY_LEASE_SECONDS": "1", "PATCHBAY_SWEEP_SECONDS": "0.3", **QUICK}
PATH = "/api/v1/webhook-endpoints"


def require_the_message(patchbay: Topology, receiver: Receiver) -> None:
    buyer = Buyer(patchbay)
    endpoint = buyer.ask("POST", PATH, {"url": receiver.url, "events": ["session.*"]})
    key = buyer.ask("GET", f"{PATH}/{endpoint['id']}/secret")["key"]
    sign_out_elsewhere(patchbay)
    log = f"{PATH}/{endpoint['id']}/messages"
    patchbay.wait_until(lambda: states(buyer, log) == ["delivered"], "the message is delivered")
    (event,) = buyer.events("session.revoked")
    assert 1 <= len(receiver.received) <= 2
    for one in receiver.received:
        assert one.headers["webhook-id"] == event["id"]
        headers = (one.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature"))
        require_signed(*headers, one.body, [key], datetime.now(UTC))
    attempts = buyer.ask("GET", f"{log}/{event['id']}/attempts")["results"]
    assert [attempt["code"] for attempt in attempts] == [""]


def sign_out_elsewhere(patchbay: Topology) -> None:
    """Publishes one event of the person's."""
    pair = httpx2.post(f"{patchbay.url}/auth/login", json=DEMO, trust_env=False, timeout=60).json()
    httpx2.post(
        f"{patchbay.url}/auth/logout", json={"refresh_token": pair["refresh_token"]}, trust_env=False, timeout=60
    )


def states(buyer: Buyer, log: str) -> list[Any]:
    return [message["state"] for message in buyer.ask("GET", log)["results"]]


@pytest.mark.parametrize(("function", "when"), STEPS if EVERY else FEW)
def test_the_embedded_process_dies_and_the_message_arrives(
    tmp_path: Path, prepared: Path, receiver: Receiver, function: str, when: str
) -> None:
    marker = tmp_path / "died"
    with Topology(tmp_path, doomed(EMBEDDED, "web", function, when, marker), prepared, **SHORT) as patchbay:
        require_the_message(patchbay, receiver)
    assert marker.exists(), "the process never reached the place where it was to die"


@pytest.mark.services
@pytest.mark.parametrize(("function", "when"), STEPS if EVERY else FEW_GROWN)
def test_a_worker_dies_and_the_message_arrives(
    tmp_path: Path,
    prepared_grown: tuple[Path, str],
    servers: dict[str, str],
    receiver: Receiver,
    function: str,
    when: str,
) -> None:
    marker = tmp_path / "died"
    folder, template = prepared_grown
    with database(template) as url:
        grown = SHORT | servers | {"DATABASE_URL": url}
        with Topology(tmp_path, doomed(GROWN, "worker", function, when, marker), folder, **grown) as patchbay:
            require_the_message(patchbay, receiver)
    assert marker.exists(), "the process never reached the place where it was to die"

"""The guarantee of the relay and the sweeper: killed with -9 between any two steps, the order is still paid, mailed
and told once, and the person is charged once."""

import json
from pathlib import Path

import pytest

from tests.services import database
from tests.story.buyer import Buyer
from tests.topology import EMBEDDED, GROWN, Topology

pytestmark = pytest.mark.story

BY_THE_WEB = [
    ("webhooks.api.idempotency:_reserve", "after"),
    ("payments.services.placing:place", "before"),
    ("payments.services.placing:place", "after"),
    ("integrations.providers.stripe.gateway:StripeGateway.start", "after"),
    ("payments.services.checkout:_note", "after"),
    ("webhooks.api.idempotency:_keep", "after"),
    ("webhooks.inbox.writer:insert", "before"),
    ("webhooks.inbox.writer:insert", "after"),
    ("webhooks.inbox.writer:wake_drain", "before"),
]
BY_THE_WORKER = [
    ("webhooks.processing.drain:claim", "after"),
    ("integrations.providers.stripe.gateway:StripeGateway.fetch", "after"),
    ("payments.services.settlement:settle", "before"),
    ("payments.services.settlement:settle", "after"),
    ("webhooks.processing.drain:commit", "after"),
    ("webhooks.outbox.relay:claim", "after"),
    ("webhooks.outbox.relay:_commit", "before"),
    ("realtime.sink:remember", "after"),
    ("integrations.email.sink:write_for", "after"),
    ("webhooks.outbox.relay:_commit", "after"),
    ("integrations.email.services:_claim", "after"),
    ("integrations.email.services:_send", "after"),
    ("integrations.email.services:_end", "after"),
]
# One lease is what a death costs; a short one keeps the tests short.
SHORT = {"PATCHBAY_LEASE_SECONDS": "1", "PATCHBAY_SWEEP_SECONDS": "0.3"}


def doomed(commands: dict[str, list[str]], name: str, function: str, when: str, marker: Path) -> dict[str, list[str]]:
    """The same processes, one of which dies when it first reaches the function."""
    return commands | {name: ["-m", "tests.story.doomed", function, when, str(marker), *commands[name]]}


def require_one_of_everything(patchbay: Topology) -> None:
    buyer = Buyer(patchbay)
    started = buyer.buy()
    buyer.pay(started)
    buyer.wait_until_paid(started)
    number = started["order"]["number"]
    patchbay.wait_until(lambda: buyer.mails(number), "the mail has arrived")
    left = patchbay.wait_until(lambda: nothing_more_to_do(patchbay), "nothing is left to do")
    assert left["told"] == 1
    assert len(buyer.mails(number)) == 1
    assert len(buyer.events("order.created")) == 1
    assert len(buyer.events("order.paid")) == 1
    assert len(buyer.ask("GET", "/api/v1/orders")["results"]) == 1
    calls = patchbay.control("GET", "/requests?provider=stripe")
    assert len({call["headers"]["idempotency-key"] for call in calls if call["method"] == "POST"}) == 1


LOOK = """
import json
from integrations.email.models import Mail
from realtime.models import StreamEvent
from webhooks.models import Delivery, Dispatch
print(json.dumps({
    "deliveries": Delivery.objects.filter(state="pending").count(),
    "dispatches": Dispatch.objects.filter(done_at=None).count(),
    "mails": Mail.objects.filter(state__in=["waiting", "sending"]).count(),
    "told": StreamEvent.objects.filter(name="order.paid", stream__key__startswith="user").count(),
}))
"""


def nothing_more_to_do(patchbay: Topology) -> dict[str, int] | None:
    """What the tables say, once nothing in them is due any more."""
    seen: dict[str, int] = json.loads(patchbay.manage("shell", "-v0", "-c", LOOK))
    return seen if seen["deliveries"] == seen["dispatches"] == seen["mails"] == 0 else None


@pytest.mark.parametrize(("function", "when"), BY_THE_WEB + BY_THE_WORKER)
def test_the_embedded_process_dies_and_the_story_ends_well(
    tmp_path: Path, prepared: Path, function: str, when: str
) -> None:
    marker = tmp_path / "died"
    with Topology(tmp_path, doomed(EMBEDDED, "web", function, when, marker), prepared, **SHORT) as patchbay:
        require_one_of_everything(patchbay)
    assert marker.exists(), "the process never reached the place where it was to die"


@pytest.mark.services
@pytest.mark.parametrize(
    ("name", "function", "when"),
    [("web", *step) for step in BY_THE_WEB] + [("worker", *step) for step in BY_THE_WORKER],
)
def test_a_grown_process_dies_and_the_story_ends_well(
    tmp_path: Path, prepared_grown: tuple[Path, str], servers: dict[str, str], name: str, function: str, when: str
) -> None:
    marker = tmp_path / "died"
    folder, template = prepared_grown
    with database(template) as url:
        grown = SHORT | servers | {"DATABASE_URL": url}
        with Topology(tmp_path, doomed(GROWN, name, function, when, marker), folder, **grown) as patchbay:
            require_one_of_everything(patchbay)
    assert marker.exists(), "the process never reached the place where it was to die"

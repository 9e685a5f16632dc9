"""From the vendor's webhook to the browser: the whole story on the embedded default, one order after the other."""

import json
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from websockets.sync.client import ClientConnection, connect

from bench import servers
from bench.report import Line, Result, percentile

ORDERS_PER_SECOND = 20  # five seconds, the default, make the hundred orders that a 95th percentile needs
WARM_UP = 5
EXPECTED = 300.0
PATIENCE = 15.0
PERSON = {"email": "demo@example.com", "password": "patchbay-demo"}
# Either of them settles the payment; which comes first is chance.
SETTLING = ("checkout.session.completed", "payment_intent.succeeded")


@dataclass(frozen=True)
class Purchase:
    """When a person pressed pay and when the browser knew (Unix seconds), and how long looking oneself takes."""

    paid: float
    told: float
    look: float


class Shopper:
    """A signed-in person with a page open, buying by the API."""

    def __init__(self, url: str, sandbox: str) -> None:
        self._http = httpx2.Client(base_url=url, timeout=PATIENCE, trust_env=False)
        self._sandbox = httpx2.Client(base_url=sandbox, timeout=PATIENCE, trust_env=False)
        self._http.headers["Authorization"] = f"Bearer {self._post('/auth/login', PERSON)['access_token']}"
        self._product = self._get("/api/v1/products")["results"][-1]["slug"]
        ticket = self._post("/api/v1/realtime/ticket", {})["ticket"]
        self._page: ClientConnection = connect(
            f"{url.replace('http', 'ws', 1)}/ws?ticket={ticket}", origin=url, proxy=None
        )

    def buy(self) -> Purchase:
        """One order, from the cart to the frame that says it is paid."""
        self._post("/api/v1/cart/items", {"product": self._product, "quantity": 1})
        started = self._post("/api/v1/checkout", {"provider": "stripe"})
        session = started["payment"]["provider_reference"]
        paid = time.time()
        self._sandbox.post(f"/_control/stripe/checkout/{session}/pay", json={}).raise_for_status()
        told = self._hear(started["order"]["number"])
        look = time.perf_counter()
        self._get(f"/api/v1/orders/{started['order']['id']}")
        return Purchase(paid, told, time.perf_counter() - look)

    def _hear(self, number: str) -> float:
        while True:
            frame = json.loads(self._page.recv(PATIENCE))
            now = time.time()
            if frame["type"] == "ping":
                self._page.send('{"type": "pong"}')
            elif frame.get("name") == "order.paid" and frame["data"]["order"]["number"] == number:
                return now

    def _get(self, path: str) -> Any:
        return self._http.get(path).raise_for_status().json()

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._http.post(path, json=body).raise_for_status().json()


def run(folder: Path, seconds: float) -> Result:
    """As many orders as `seconds` ask for; the yardstick is what one look at the order costs a page that polls."""
    var = folder / "latency"
    var.mkdir()
    purchases = _buy(var, WARM_UP + round(seconds * ORDERS_PER_SECOND))[WARM_UP:]
    from_pay = [purchase.told - purchase.paid for purchase in purchases]
    from_webhook = [told - received for told, received in _accepted(var / "patchbay.sqlite3", purchases)]
    looks = [purchase.look for purchase in purchases]
    lines = [
        _line("webhook accepted → browser told", from_webhook, looks, 50),
        _line("webhook accepted → browser told", from_webhook, looks, 95),
        _line("pay pressed → browser told", from_pay, looks, 50),
        _line("pay pressed → browser told", from_pay, looks, 95),
    ]
    return Result("latency", lines, {"from_pay": from_pay, "from_webhook": from_webhook, "looks": looks})


def _buy(var: Path, count: int) -> list[Purchase]:
    port, sandbox = servers.free_port(), servers.free_port()
    environment = {"PATCHBAY_VAR": str(var), "PORT": str(port), "SANDBOX_PORT": str(sandbox)}
    log = var / "run.log"
    with servers.running(["manage.py", "run"], environment, log, lambda: "Patchbay is ready" in log.read_text()):
        shopper = Shopper(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox}")
        return [shopper.buy() for _ in range(count)]


def _accepted(path: Path, purchases: list[Purchase]) -> list[tuple[float, float]]:
    """For each purchase, when the browser was told, and when the webhook that settled it had come (Unix seconds)."""
    marks = ", ".join("?" * len(SETTLING))
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(f"SELECT received_at FROM webhooks_delivery WHERE kind IN ({marks})", SETTLING)
        times = sorted(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() for (text,) in found)
    return [(one.told, next(time for time in times if time >= one.paid)) for one in purchases]


def _line(what: str, durations: list[float], looks: list[float], percent: int) -> Line:
    measured = percentile(durations, percent)
    expected = f"≤ {EXPECTED:.0f} ms" if percent == 95 else ""
    return Line(
        f"{what}, p{percent}, beside one GET",
        measured,
        percentile(looks, percent),
        "ms",
        expected,
        measured <= EXPECTED,
    )

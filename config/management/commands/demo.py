"""`manage.py demo`: the whole story, driven from outside against a running `make run`."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx2
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from websockets.sync.client import ClientConnection, connect

PEOPLE = {
    "person": {"email": "demo@example.com", "password": "patchbay-demo"},
    "staff": {"email": "admin@example.com", "password": "patchbay-admin"},
}
CARD = "4242424242424242"
PATIENCE = 15.0


class Command(BaseCommand):
    help = "Sign in, buy, pay, and watch the news arrive; prints each step with its time."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            Story(self._say).run()
        except (httpx2.HTTPError, OSError) as error:
            raise CommandError(
                f"{settings.PATCHBAY_URL} does not answer ({error}): start it with `make run`"
            ) from error

    def _say(self, step: str, milliseconds: float, detail: str) -> None:
        tick = self.style.SUCCESS("✓")
        self.stdout.write(f"{tick} {step:<16} {milliseconds:>7.0f} ms  {detail}")


class Story:
    """One purchase; each method is a step, and raises `CommandError` when it does not come about."""

    def __init__(self, say: Callable[[str, float, str], None]) -> None:
        self._say = say
        self._http = httpx2.Client(base_url=settings.PATCHBAY_URL, timeout=20, trust_env=False)
        self._sandbox = httpx2.Client(base_url=f"{settings.SANDBOX_URL}/_control", timeout=20, trust_env=False)
        self._order: dict[str, Any] = {}
        self._session = ""
        self._socket: ClientConnection | None = None

    def run(self) -> None:
        for name, step in {
            "sign in": self.sign_in,
            "add to cart": self.add_to_cart,
            "listen": self.listen,
            "checkout": self.check_out,
            "pay": self.pay,
            "browser told": self.be_told,
            "webhook": self.see_webhook,
            "order paid": self.see_order_paid,
            "mail sent": self.see_mail,
        }.items():
            started = time.perf_counter()
            detail = step()
            self._say(name, (time.perf_counter() - started) * 1000, detail)

    def sign_in(self) -> str:
        self._http.headers["Authorization"] = f"Bearer {self._token('person')}"
        return PEOPLE["person"]["email"]

    def add_to_cart(self) -> str:
        product = self._get("/api/v1/products")["results"][-1]
        self._post("/api/v1/cart/items", {"product": product["slug"], "quantity": 1})
        return str(product["name"])

    def listen(self) -> str:
        ticket = self._post("/api/v1/realtime/ticket", {})["ticket"]
        address = settings.PATCHBAY_URL.replace("http", "ws", 1) + f"/ws?ticket={ticket}"
        self._socket = connect(address, origin=settings.PATCHBAY_URL, proxy=None)
        return f"at event {json.loads(self._socket.recv(PATIENCE))['seq']}"

    def check_out(self) -> str:
        started = self._post("/api/v1/checkout", {"provider": "stripe"})
        self._order, self._session = started["order"], started["payment"]["provider_reference"]
        return f"order {self._order['number']}, pay at {started['payment']['redirect_url']}"

    def pay(self) -> str:
        self._require(self._sandbox.post(f"/stripe/checkout/{self._session}/pay", json={"card": CARD}))
        return f"card {CARD[:4]} … {CARD[-4:]}"

    def be_told(self) -> str:
        assert self._socket
        deadline = time.monotonic() + PATIENCE
        while (left := deadline - time.monotonic()) > 0:
            frame = json.loads(self._socket.recv(left))
            if frame.get("name") == "order.paid" and frame["data"]["order"]["number"] == self._order["number"]:
                self._socket.close()
                return f"order.paid is event {frame['seq']}"
        raise CommandError("the WebSocket did not tell of the payment")

    def see_webhook(self) -> str:
        staff = {"Authorization": f"Bearer {self._token('staff')}"}
        found = self._eventually(lambda: self._get("/api/v1/deliveries?source=stripe&state=handled", staff)["results"])
        return f"{found[0]['kind']} {found[0]['external_id']} handled"

    def see_order_paid(self) -> str:
        path = f"/api/v1/orders/{self._order['id']}"
        self._eventually(lambda: self._get(path)["status"] == "paid")
        return f"order {self._order['number']} is paid"

    def see_mail(self) -> str:
        address = f"/mail?to={PEOPLE['person']['email']}"
        mail = self._eventually(
            lambda: [m for m in self._sandbox.get(address).json() if self._order["number"] in m["subject"]]
        )
        return f"“{mail[0]['subject']}”"

    def _token(self, who: str) -> str:
        return str(self._post("/auth/login", PEOPLE[who])["access_token"])

    def _get(self, path: str, headers: dict[str, str] | None = None) -> Any:
        return self._require(self._patiently("GET", path, headers=headers))

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._require(self._patiently("POST", path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())}))

    def _patiently(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """The answer, once we are not asking too often for it."""
        while (answer := self._http.request(method, path, **request)).status_code == 429:
            seconds = int(answer.headers["Retry-After"])
            if seconds > PATIENCE:
                break
            time.sleep(seconds)
        return answer

    def _require(self, answer: httpx2.Response) -> Any:
        if answer.status_code >= 300:
            raise CommandError(
                f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:300]}"
            )
        return answer.json() if answer.content else None

    def _eventually(self, probe: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if found := probe():
                return found
            time.sleep(0.1)
        raise CommandError(f"it did not happen within {PATIENCE:.0f} s")

"""A program that buys: it repeats what was not answered, with the same idempotency key, as a good client does."""

import uuid
from typing import Any

import httpx2

from tests.topology import Topology

DEMO = {"email": "demo@example.com", "password": "patchbay-demo"}
STAFF = {"email": "admin@example.com", "password": "patchbay-admin"}


class Buyer:
    """One person at one Patchbay."""

    def __init__(self, patchbay: Topology, credentials: dict[str, str] = DEMO) -> None:
        self._patchbay = patchbay
        self._http = httpx2.Client(base_url=patchbay.url, trust_env=False, timeout=60)
        token = self.ask("POST", "/auth/login", credentials)["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON answer, however often it has to be asked for."""
        headers = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        return self._patchbay.wait_until(
            lambda: self._once(method, path, body, headers), f"{method} {path} is answered"
        )

    def _once(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        try:
            answer = self._http.request(method, path, json=body, headers=headers)
        except httpx2.TransportError:
            return None
        if answer.status_code >= 500 or answer.status_code in (409, 429):
            return None
        assert answer.status_code < 300, answer.text
        return answer.json()

    def buy(self) -> dict[str, Any]:
        """From the cart to the vendor's page; returns the checkout's answer."""
        product = self.ask("GET", "/api/v1/products")["results"][0]
        self.ask("POST", "/api/v1/cart/items", {"product": product["slug"], "quantity": 1})
        return self.ask("POST", "/api/v1/checkout", {"provider": "stripe"})

    def pay(self, started: dict[str, Any], card: str = "4242424242424242") -> None:
        reference = started["payment"]["provider_reference"] or self._reference(started["order"]["id"])
        self._patchbay.control("POST", f"/stripe/checkout/{reference}/pay", {"card": card})

    def _reference(self, order: int) -> str:
        """A checkout that was cut short is gone on with, as the order's page offers."""
        return str(self.ask("POST", f"/api/v1/orders/{order}/payments")["payment"]["provider_reference"])

    def order(self, started: dict[str, Any]) -> dict[str, Any]:
        return self.ask("GET", f"/api/v1/orders/{started['order']['id']}")

    def wait_until_paid(self, started: dict[str, Any]) -> None:
        self._patchbay.wait_until(lambda: self.order(started)["status"] == "paid", "the order is paid")

    def events(self, name: str) -> list[dict[str, Any]]:
        return list(self.ask("GET", f"/api/v1/events?name={name}")["results"])

    def mails(self, number: str) -> list[dict[str, Any]]:
        found = self._patchbay.control("GET", f"/mail?to={DEMO['email']}")
        return [mail for mail in found if number in mail["subject"]]

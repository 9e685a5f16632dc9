"""The official SDK on our own transport, with its own retries and telemetry off."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

import stripe

from integrations.errors import IntegrationError, OutcomeUnknown, Retryable, Spent
from integrations.http.transport import Answer, exchange

API_VERSION = "2026-10-28.endive"
NOT_SOON = 60.0  # seconds: longer than any call may take, so that a later task asks again
T = TypeVar("T")

stripe.enable_telemetry = False


class Transport(stripe.HTTPClient):
    """Hands the SDK's requests to our transport, and our errors past the SDK."""

    name = "patchbay"

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        answer = exchange("stripe", method.upper(), url, headers, post_data, meaning=meaning, as_json=True)
        return answer.body.decode("utf-8", "replace"), answer.status, answer.headers

    def close(self) -> None:
        """Nothing to close: the connections are shared."""


def meaning(answer: Answer) -> IntegrationError | None:
    """Where Stripe says more than its status does. https://docs.stripe.com/error-low-level"""
    if answer.status == 409 or _type(answer) == "idempotency_error":
        return Retryable("stripe is still working on the same request")
    # Stripe keeps a 500 under the key like any other answer: https://docs.stripe.com/api/idempotent_requests
    if answer.status >= 500 and answer.headers.get("idempotent-replayed") == "true":
        return Spent(f"stripe failed at this and will answer {answer.status} to this key from now on")
    if answer.status >= 500 and answer.headers.get("stripe-should-retry") == "false":
        return OutcomeUnknown(f"stripe answered {answer.status} and wants no other try yet", NOT_SOON)
    return None


def _type(answer: Answer) -> str:
    try:
        return str(json.loads(answer.body)["error"]["type"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


@lru_cache(maxsize=4)
def client(key: str, base_url: str) -> stripe.StripeClient:
    """One client per key and address; it is safe to share between threads."""
    return stripe.StripeClient(
        key,
        base_addresses={"api": base_url},
        stripe_version=API_VERSION,
        max_network_retries=0,
        http_client=Transport(),
    )


def ask(call: Callable[[], T]) -> T:
    """Make an SDK call: what the vendor does wrong comes as our errors, and so does an answer the SDK cannot read."""
    try:
        return call()
    except stripe.StripeError as error:
        raise OutcomeUnknown("stripe's answer cannot be read") from error

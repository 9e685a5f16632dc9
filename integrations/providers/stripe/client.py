"""The official SDK on our own transport, with its own retries and telemetry off."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

import stripe

from integrations.errors import IntegrationError, OutcomeUnknown, Retryable
from integrations.http.transport import error_for, exchange

API_VERSION = "2026-10-28.endive"
T = TypeVar("T")

stripe.enable_telemetry = False


class Transport(stripe.HTTPClient):
    """Hands the SDK's requests to our transport."""

    name = "patchbay"

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        answer = exchange("stripe", method.upper(), url, headers, post_data)
        return answer.body.decode("utf-8", "replace"), answer.status, answer.headers

    def close(self) -> None:
        """Nothing to close: the connections are shared."""


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
    """Make an SDK call and raise our own errors for the SDK's."""
    try:
        return call()
    except IntegrationError:
        raise
    except stripe.IdempotencyError as error:
        raise Retryable("stripe is still working on the same request") from error
    except stripe.StripeError as error:
        if error.http_status is None:
            raise OutcomeUnknown("stripe did not answer") from error
        if error.http_status < 300:  # a 2xx that is not JSON: a proxy, or half an answer
            raise OutcomeUnknown("stripe's answer cannot be read") from error
        if error.http_status == 409:
            raise Retryable("stripe is still working on the same request") from error
        words = f"{error.code or ''} {error.user_message or ''}".strip() if error.http_status == 400 else ""
        raise error_for("stripe", error.http_status, error.headers or {}, idempotent=False, words=words) from error

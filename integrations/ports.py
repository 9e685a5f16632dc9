"""What we ask of vendors, and what we offer to whoever wants our events: protocols in our words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from django.core.mail.backends.base import BaseEmailBackend


class PaymentState(StrEnum):
    """What a vendor's payment amounts to, in our words."""

    OPEN = "open"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class PaymentLine:
    """One line the person sees on the vendor's page; `unit_amount` in minor units."""

    name: str
    quantity: int
    unit_amount: int


@dataclass(frozen=True, kw_only=True)
class PaymentRequest:
    """What a gateway needs to start a payment. `key` is the idempotency key, committed before the call."""

    attempt: str
    key: str
    order_number: str
    amount: int
    currency: str
    lines: tuple[PaymentLine, ...]
    email: str
    return_url: str
    cancel_url: str


@dataclass(frozen=True, kw_only=True)
class PaymentStarted:
    """The vendor has a payment for us; the person continues at `redirect_url`."""

    reference: str
    redirect_url: str


@dataclass(frozen=True, kw_only=True)
class PaymentSnapshot:
    """The vendor's truth about one payment. Amounts are minor units; `failure` is safe to show to a person."""

    reference: str
    attempt: str
    state: PaymentState
    amount: int
    currency: str
    captured: int = 0
    transaction: str = ""
    failure: str = ""


@runtime_checkable
class PaymentGateway(Protocol):
    """Takes money. Every call may raise `Retryable` (come back later) or `Permanent` (a person must look)."""

    def start(self, request: PaymentRequest) -> PaymentStarted:
        """Idempotent by `request.key`: the same key gives the same payment."""

    def fetch(self, reference: str) -> PaymentSnapshot:
        """The truth by the vendor's reference; `NotFound` when the vendor does not know it."""


@runtime_checkable
class MailCarrier(Protocol):
    """Carries mail. `backend` is a Django e-mail backend; `accepted` settles an unknown outcome."""

    def backend(self) -> BaseEmailBackend:
        """A fresh Django backend that sends through this vendor."""

    def accepted(self, mail: str) -> bool:
        """Whether the vendor has taken the mail with our id `mail`."""


# The recipient that stands for whoever is on duty: the mail goes to `settings.OPERATORS`.
OPERATORS = "operators"


@dataclass(frozen=True, kw_only=True)
class Event:
    """What we decided, on its way out. `about` is its subject (`order:1001`), `user` whose it is (None: staff only).

    `recipient` is an address, or `OPERATORS`.
    """

    id: str
    name: str
    about: str
    data: Mapping[str, Any]
    at: datetime
    user: int | None = None
    recipient: str = ""
    request_id: str = field(default="", compare=False)


class Sink(Protocol):
    """Takes an event inside the relay's transaction: write rows and return; whatever is slow is done from the rows."""

    def __call__(self, event: Event) -> None: ...

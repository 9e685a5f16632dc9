"""What we ask of vendors, and what we offer to whoever wants our events: protocols in our words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from django.core.mail.backends.base import BaseEmailBackend

from integrations.contract import Delivery


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


@runtime_checkable
class WebhookConfirmer(Protocol):
    """Tells a vendor that we want its webhooks, where it asks before it sends any."""

    def confirm(self, about: str, reference: str) -> None:
        """Say yes to what the vendor asked: `about` what, and `reference` as it gave it. Once more changes nothing.

        `Permanent` when it is nothing of ours; `Retryable` when the vendor cannot be told now.
        """


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One webhook that a vendor says it sent: `id` as deduplication knows it, `handle` as `fetch` wants it.

    `at` is by the vendor's clock. `delivered`: whether anybody took it, where the vendor says so. Where the vendor may
    have told the same in another form, a delivery of the kind `otherwise` about `object_key` is that.
    """

    id: str
    kind: str
    at: datetime
    handle: str
    delivered: bool | None = None
    otherwise: str = ""
    object_key: str = ""


@dataclass(frozen=True, kw_only=True)
class SentPage:
    """A part of the list. `cursor` is where it goes on, empty at its end; `clock` what the vendor's clock showed."""

    sent: Sequence[Sent]
    cursor: str = ""
    clock: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A webhook as the vendor has kept it: what the door would have made of it, and the headers it was sent with."""

    delivery: Delivery
    headers: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class EventArchive(Protocol):
    """Tells what webhooks a vendor has sent us, and gives them once more. Every call may raise `Retryable`.

    `reach` is how far back the vendor's memory goes.
    """

    reach: timedelta

    def page(self, since: datetime, until: datetime, cursor: str = "") -> SentPage:
        """A page of what was sent from `since` to `until`, in any order. `Permanent` for a cursor that has expired."""

    def fetch(self, handle: str) -> Kept:
        """One of them, whole; `NotFound` when the vendor has it no more, `BadPayload` when it cannot be read."""


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

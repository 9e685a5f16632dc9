"""A customer with a server, and sending without a thread of its own."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from rest_framework.test import APIClient

from tests.webhooks.endpoints.receiver import Receiver, listening
from webhooks.endpoints import services
from webhooks.endpoints.carrying import carry
from webhooks.endpoints.network import Resolving, client, system_resolver
from webhooks.endpoints.parcels import Outcome, pack, unsent
from webhooks.endpoints.recording import record
from webhooks.endpoints.taking import take
from webhooks.models import Endpoint, Message, OutboxEvent
from webhooks.outbox.publishing import publish
from webhooks.outbox.relay import relay


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as server:
        yield server


@pytest.fixture
def customer(django_user_model: Any) -> Any:
    return django_user_model.objects.create_user("customer@example.com", "secret-words")


@pytest.fixture
def api(customer: Any) -> APIClient:
    signed_in = APIClient()
    signed_in.force_authenticate(customer)
    return signed_in


@pytest.fixture
def endpoint(customer: Any, receiver: Receiver) -> Endpoint:
    return services.create(customer, url=receiver.url)


@pytest.fixture
def happen(customer: Any) -> Callable[..., OutboxEvent]:
    """Publish an event of the customer's, and hand it to every sink."""

    def happens(name: str = "order.paid", about: str = "order:1", user: Any = customer, **data: Any) -> OutboxEvent:
        with transaction.atomic():
            event = publish(name, data or {"n": 1}, about=about, user=user and user.pk)
        relay()
        return event

    return happens


def send_due(
    now: datetime | None = None, *, resolve: Resolving | None = None, seconds: float = 60.0, free: int = 100
) -> list[Outcome]:
    """What the engine does, once: take what is due, send it, record what came of it."""
    moment = now or timezone.now()
    parcels = [pack(message, moment) for message in take(lambda: moment, free, {})]

    async def send() -> list[Outcome]:
        async with client(resolve or system_resolver(), 10) as http:
            sending = (carry(http, parcel, seconds) for parcel in parcels if not parcel.code)
            return list(await asyncio.gather(*sending))

    outcomes = asyncio.run(send()) + [unsent(parcel) for parcel in parcels if parcel.code]
    record(outcomes, moment)
    return outcomes


def the_message() -> Message:
    return Message.objects.get()

"""A running engine, what it has to do, and how far it got."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils import timezone

from webhooks.endpoints.engine import Engine
from webhooks.endpoints.network import Resolving
from webhooks.models import Endpoint, Message


@contextmanager
def sending(resolve: Resolving | None = None) -> Iterator[Engine]:
    engine = Engine(resolve)
    thread = threading.Thread(target=engine.run)
    thread.start()
    try:
        yield engine
    finally:
        engine.stop()
        thread.join(90)
        assert not thread.is_alive()


def wait_until(holds: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def queue(endpoint: Endpoint, count: int) -> None:
    with transaction.atomic():
        Message.objects.bulk_create(
            Message(endpoint=endpoint, name="order.paid", sample={"n": n}, due_at=timezone.now()) for n in range(count)
        )


def delivered() -> int:
    return Message.objects.filter(state="delivered").count()

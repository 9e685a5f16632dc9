"""The whole product as one ASGI application.

Webhooks and realtime stand beside Django and not behind its ASGI handler, and pages and API run on a bounded pool
of threads: docs/decisions/0002 has the figures. Every database connection is owned by one of a fixed number of threads.
"""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from config.wsgi import application as pages  # before all else: it brings Django up, for a server that knows of none

# isort: split

from django.conf import settings

from config import telemetry
from config.access import Access, Receive, Scope, Send
from config.bodies import Whole
from config.celery import EmbeddedWorker
from config.streams import Threads
from config.watch import orders, over_worker
from integrations.http import deadline
from integrations.http.journal import journal
from integrations.metrics import retire
from realtime import asgi as realtime
from webhooks.inbox.ingest import Ingest
from webhooks.inbox.plain import answer
from webhooks.inbox.writer import Inbox
from webhooks.sources.rounds import rounds


class Patchbay:
    """Sends each exchange where it is served, and starts and stops what serves it."""

    def __init__(self) -> None:
        self._inbox = Inbox()
        self._ingest = Ingest(self._inbox)
        # How fast anybody sends or reads is no thread's business.
        self._threads = Threads(pages, workers=settings.WEB_THREADS)
        self._pages = Whole(self._within_deadline)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._live(receive, send)
        if scope["type"] == "websocket":
            return await realtime.websocket(scope, receive, send)
        if scope["path"].startswith("/webhooks/"):
            return await self._ingest(scope, receive, send)
        if scope["path"] == "/livez":
            return await livez(send)
        if scope["path"] == "/events":
            return await realtime.sse(scope, receive, send)
        # WSGI cannot tell X_Forwarded_For, which no proxy minds, from X-Forwarded-For.
        scope["headers"] = [(name, value) for name, value in scope["headers"] if b"_" not in name]
        # WSGI knows only ASCII here; what a browser sends is ASCII already.
        scope["query_string"] = scope["query_string"].decode("latin-1").encode("ascii", "xmlcharrefreplace")
        return await self._pages(scope, receive, send)

    async def _within_deadline(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The time for an answer starts once the request is here.
        with deadline.within(settings.REQUEST_SECONDS):
            await self._threads(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._running():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        _settle()
        retire()
        self._inbox.start()
        rounds.start()
        orders.start()
        worker, watch = _embedded_worker(), over_worker()
        watch.start()
        try:
            async with realtime.lifespan():
                yield
        finally:
            self._inbox.stop()
            rounds.stop()
            watch.stop()
            if worker:
                worker.stop()
            orders.stop()
            # The server ends by a signal, which runs no exit handlers.
            journal.close()
            telemetry.finish()


def _settle() -> None:
    """What is there now stays: a collection would stop the event loop for 70 ms to look through all of it."""
    gc.collect()
    gc.freeze()


async def livez(send: Send) -> None:
    """The event loop answers, however busy the threads are."""
    await answer(send, 200, b'{"status": "ok"}', b"application/json", {})


def _embedded_worker() -> EmbeddedWorker | None:
    if settings.BROKER_URL != "memory://":
        return None
    worker = EmbeddedWorker()
    worker.start()
    return worker


application = Access(Patchbay())

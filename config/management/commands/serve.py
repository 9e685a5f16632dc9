"""`manage.py serve`: the web process."""

import sys
from contextlib import suppress
from socket import socket
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from realtime.asgi import drain


class Server(uvicorn.Server):
    """Ends event streams before it waits for open connections: by themselves they never end."""

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        drain()
        await super().shutdown(sockets)


class Command(BaseCommand):
    help = "Serve pages, API, webhooks and realtime (and, on the memory broker, the worker)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *_args: Any, host: str, port: int, **_options: Any) -> None:
        config = uvicorn.Config(
            "config.asgi:application",
            host=host,
            port=port,
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            # uvicorn believes every forwarded header that comes from this machine; TRUSTED_PROXY_COUNT says whom we do.
            proxy_headers=False,
            # A client may send 32 KiB in a frame, and is told so in words up to twice that.
            ws_max_size=1 << 16,
            timeout_graceful_shutdown=5,
        )
        server = Server(config)
        # uvicorn ends in order, then raises the signal again.
        with suppress(KeyboardInterrupt):
            server.run()
        if not server.started:
            sys.exit(1)

"""`manage.py serve`: the web, in as many processes as it is told."""

import sys
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.serving import serve


class Command(BaseCommand):
    help = "Serve pages, API, webhooks and realtime (and, on the memory broker, the worker)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *_args: Any, host: str, port: int, **_options: Any) -> None:
        processes = settings.WEB_PROCESSES
        if processes < 1:
            raise CommandError("WEB_PROCESSES must be 1 or more")
        if processes > 1 and (settings.BROKER_URL == "memory://" or not settings.REDIS_URL):
            raise CommandError("several web processes need BROKER_URL and REDIS_URL: set them, or WEB_PROCESSES=1")
        # uvicorn ends in order, then raises the signal again.
        with suppress(KeyboardInterrupt):
            if not serve(host, port, processes):
                sys.exit(1)

"""`manage.py sandbox`: run the vendors' stand-ins until told to stop."""

import signal
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.checks import live_keys
from integrations.sandbox.app import build
from integrations.sandbox.server import listen, server


class Command(BaseCommand):
    help = "Run the sandbox: simulated vendors that move no money and send no mail."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.HOST, help="the address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=settings.SANDBOX_PORT, help="the port (default: %(default)s)")

    def handle(self, *_args: Any, host: str, port: int, **_options: Any) -> None:
        # Started alone, with no variable set, this process is the sandbox all the same.
        settings.PATCHBAY_SANDBOX = True
        if refusals := live_keys():
            raise CommandError("\n".join(f"{refusal.msg} {refusal.hint}" for refusal in refusals))
        try:
            sock = listen(host, port)
        except OSError as error:
            raise CommandError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
        for number in (signal.SIGINT, signal.SIGTERM):
            # uvicorn shuts down first and then raises the signal again, for this.
            signal.signal(number, lambda *_: sys.exit(0))
        app = build(public_url=self._public_url(host, port), state_file=settings.VAR / "sandbox.json")
        self.stdout.write(f"The sandbox answers at http://{host}:{port}")
        server(app).run(sockets=[sock])

    def _public_url(self, host: str, port: int) -> str:
        as_configured = (host, port) == (settings.HOST, settings.SANDBOX_PORT)
        return str(settings.SANDBOX_URL) if as_configured else f"http://{host}:{port}"

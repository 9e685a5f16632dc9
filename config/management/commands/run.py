"""`manage.py run`: database, demo data, sandbox and everything that serves, as one command."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.processes import Failed, Processes, procfile, require_free

MANAGE = [sys.executable, "manage.py"]


class Command(BaseCommand):
    help = "Run Patchbay beside its sandbox until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--procfile", type=Path, help="the processes to run instead of a single web process")

    def handle(self, *_args: Any, procfile: Path | None, **_options: Any) -> None:
        if not settings.PATCHBAY_SANDBOX:
            raise CommandError("`run` is for the sandbox: set PATCHBAY_SANDBOX=1, or start the Procfile's processes")
        try:
            self._run(procfile)
        except Failed as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stdout.write("\nPatchbay has stopped.")

    def _run(self, path: Path | None) -> None:
        require_free(settings.HOST, settings.PORT, "PORT")
        require_free(settings.HOST, settings.SANDBOX_PORT, "SANDBOX_PORT")
        call_command("migrate", verbosity=0)
        call_command("seed")
        with Processes(_commands(path)) as processes:
            processes.wait_until_ready(f"http://{settings.REACHED_AT}:{settings.PORT}/readyz")
            self.stdout.write(f"Patchbay is ready at {settings.PATCHBAY_URL}")
            self.stdout.write(f"The sandbox is at {settings.SANDBOX_URL}; sign in as demo@example.com / patchbay-demo")
            self.stdout.flush()
            processes.wait()


def _commands(path: Path | None) -> dict[str, list[str]]:
    served = procfile(path) if path else {"web": [*MANAGE, "serve"]}
    return {"sandbox": [*MANAGE, "sandbox"], **served}

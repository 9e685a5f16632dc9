"""`manage.py failures`: write the tables of docs/vendor-failures.md anew, from the code."""

from typing import Any

from django.core.management.base import BaseCommand

from config.failures import PAGE, woven


class Command(BaseCommand):
    help = "Write the tables of docs/vendor-failures.md anew, from the code."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        PAGE.write_text(woven(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        self.stdout.write(f"{PAGE} is as the code is")

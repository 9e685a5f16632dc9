"""`manage.py events`: write docs/events.md anew, from the catalogue."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from webhooks.outbox.page import page


class Command(BaseCommand):
    help = "Write docs/events.md anew, from the catalogue of events."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "events.md"
        path.write_text(page(), encoding="utf-8")
        self.stdout.write(f"{path} is as the code is")

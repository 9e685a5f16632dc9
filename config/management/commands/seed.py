"""`manage.py seed`: the demo people and the demo catalogue, in the sandbox only; repeating it changes nothing."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import demo as people
from payments import demo as shop


class Command(BaseCommand):
    help = "Create the sandbox's people and products where they are missing."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.PATCHBAY_SANDBOX:
            raise CommandError("demo data belongs into the sandbox: PATCHBAY_SANDBOX is not set")
        people.people()
        shop.catalogue()

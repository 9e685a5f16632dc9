"""`manage.py explain ID`: one timeline from click to effect."""

import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q

from webhooks.care.conditions import called
from webhooks.models import Delivery, OutboxEvent
from webhooks.path import timeline

MARKS = {True: "✓", False: "✗", None: "…"}


class Command(BaseCommand):
    help = "Show the whole path of an order, a delivery, a vendor's object, an event, or a request."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", help="order number, delivery id, vendor's id (evt_…, pi_…), event id or request id")
        parser.add_argument("--json", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        steps = explain(options["id"])
        if not steps:
            raise CommandError(f"nothing here is called {options['id']!r}")
        if options["json"]:
            self.stdout.write(json.dumps(steps, cls=DjangoJSONEncoder, indent=2))
            return
        start = steps[0]["at"]
        for step in steps:
            late = (step["at"] - start).total_seconds() * 1000
            moment = step["due"] or f"{late:+.0f} ms"
            self.stdout.write(f"{MARKS[step['ok']]} {moment:>16}  {step['kind']:<10} {step['title']}  {step['detail']}")


def explain(identifier: str) -> list[dict[str, Any]]:
    """The timeline of whatever is called `identifier`; empty when nothing is."""
    if steps := timeline.of_subject(identifier if ":" in identifier else f"order:{identifier}", for_staff=True):
        return steps
    found = Q(pk__in=called((identifier,))) | Q(object_key=identifier)
    if delivery := Delivery.objects.filter(found).order_by("-pk").first():
        return timeline.of_delivery(delivery)
    if event := OutboxEvent.objects.filter(uid=identifier).first() if _is_uuid(identifier) else None:
        return timeline.of_subject(event.about, for_staff=True)
    return timeline.of_request(identifier)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True

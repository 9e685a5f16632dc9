"""`manage.py replay`: process deliveries again: one, several, or all that fit a filter."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q, QuerySet

from webhooks.models import Delivery
from webhooks.moments import moment_of
from webhooks.processing import again


class Command(BaseCommand):
    help = "Process deliveries again, by id (ours or the vendor's) or by filter."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="*", metavar="ID")
        parser.add_argument("--source")
        parser.add_argument("--kind")
        parser.add_argument("--state", choices=Delivery.State.values)
        parser.add_argument("--since", help="received at or after this time, e.g. 2026-11-23T12:00Z")
        parser.add_argument("--until", help="received before this time")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be processed")
        parser.add_argument("--json", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        found = list(_chosen(options))
        if not found:
            raise CommandError("no delivery fits")
        for delivery in found:
            if not options["dry_run"]:
                again(delivery)
            self._say(delivery, options)

    def _say(self, delivery: Delivery, options: dict[str, Any]) -> None:
        told = {
            "id": delivery.pk,
            "source": delivery.source,
            "kind": delivery.kind,
            "external_id": delivery.external_id,
        }
        verb = "would process" if options["dry_run"] else "processing"
        self.stdout.write(json.dumps(told) if options["json"] else f"{verb} {delivery.pk}: {delivery}")


def _chosen(options: dict[str, Any]) -> QuerySet[Delivery]:
    wanted = {name: options[name] for name in ("source", "kind", "state") if options[name]}
    wanted |= {
        f"received_at__{how}": _moment(options[name])
        for name, how in (("since", "gte"), ("until", "lt"))
        if options[name]
    }
    rows = Delivery.objects.defer("body").order_by("pk").filter(**wanted)
    if options["ids"]:
        ours = [int(item) for item in options["ids"] if item.isdecimal() and len(item) < 19]
        return rows.filter(Q(pk__in=ours) | Q(external_id__in=options["ids"]))
    if not wanted:
        raise CommandError("say which: an ID, or a filter such as --state dead")
    return rows


def _moment(text: str) -> Any:
    moment = moment_of(text)
    if moment is None:
        raise CommandError(f"{text!r} is not a time such as 2026-11-23T12:00Z")
    return moment

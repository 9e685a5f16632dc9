"""`manage.py replay`: process deliveries again: one, several, or all that fit a search."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from webhooks.care.audit import Kind, NoReason, at_command_line
from webhooks.care.choice import Choice, Plan, plan
from webhooks.care.conditions import called
from webhooks.care.language import Unreadable, parse, written
from webhooks.care.orders import NeedsYes, replay, set_aside
from webhooks.models import Delivery, Intervention

FIELDS = ("source", "kind", "state", "since", "until")
ORDERS = {Kind.REPLAY: replay, Kind.SET_ASIDE: set_aside}


class Command(BaseCommand):
    help = "Process deliveries again, by id (ours or the vendor's) or by a search as in the console."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="*", metavar="ID")
        parser.add_argument("--search", default="", help="such as 'state:dead since:-2h text:\"card declined\"'")
        parser.add_argument("--source")
        parser.add_argument("--kind", help="a type, * for anything")
        parser.add_argument("--state", choices=Delivery.State.values)
        parser.add_argument("--since", help="received at or after this time, e.g. 2026-11-23T12:00Z or -2h")
        parser.add_argument("--until", help="received before this time")
        parser.add_argument("--reason", default="asked for at the command line", help="kept with who and when")
        parser.add_argument("--set-aside", action="store_true", help="make dead what waits for a try, instead")
        parser.add_argument("--yes", action="store_true", help="also when it is about more than 1,000")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be processed")
        parser.add_argument("--json", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        kind = Kind.SET_ASIDE if options["set_aside"] else Kind.REPLAY
        try:
            choice = _choice(options)
            planned = plan(kind, choice, timezone.now())
            if not planned.able and not planned.left:
                raise CommandError("no delivery fits")
            row = None
            if not options["dry_run"]:
                row = ORDERS[kind](choice, at_command_line(), options["reason"], yes=options["yes"])
        except (Unreadable, NoReason) as error:
            raise CommandError(str(error)) from error
        except NeedsYes as error:
            raise CommandError(f"{error} Add --yes.", returncode=3) from error
        self._say(planned, row, options["json"])
        if not planned.able:
            raise CommandError("none of them can be: see above", returncode=2)

    def _say(self, planned: Plan, row: Intervention | None, as_json: bool) -> None:
        if as_json:
            done = {"intervention": row.pk, "done": row.count} if row else {}
            self.stdout.write(json.dumps({"dry_run": row is None, **planned.told(), **done}))
            return
        for (source, kind, state), count in planned.groups:
            self.stdout.write(f"{count:>7,}  {source} {kind}, {state}")
        verb = "done" if row else "would be about"
        self.stdout.write(f"{verb}: {f'{row.count:,} of ' if row else ''}{planned.words}")


def _choice(options: dict[str, Any]) -> Choice:
    if options["ids"]:
        keys = called(tuple(item.replace("\x00", "") for item in options["ids"]))
        if not keys:
            raise CommandError("no delivery fits")
        return Choice(picked=tuple(keys))
    parts = [options["search"], *(written(name, options[name]) for name in FIELDS if options[name])]
    query = parse(" ".join(filter(None, parts)), timezone.now())
    if not query:
        raise CommandError("say which: an ID, or a filter such as --state dead")
    return Choice(query)

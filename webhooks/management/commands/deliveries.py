"""`manage.py deliveries`: find deliveries as the console does, or take them out as a file."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from webhooks.care.audit import at_command_line
from webhooks.care.export import MOST, TYPES, export
from webhooks.care.language import Query, Unreadable, joined, parse
from webhooks.care.search import find
from webhooks.care.telling import narrow


class Command(BaseCommand):
    help = 'Find or export deliveries: deliveries find source:acme state:dead text:"card declined"'

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        finding = verbs.add_parser("find", help="the newest that fit")
        finding.add_argument("search", nargs="*")
        finding.add_argument("-n", "--limit", type=int, default=50)
        finding.add_argument("--before", type=int, help="older than the delivery of this number")
        finding.add_argument("--json", action="store_true")
        taking = verbs.add_parser("export", help=f"up to {MOST:,} that fit, bodies masked")
        taking.add_argument("search", nargs="*")
        taking.add_argument("--form", choices=sorted(TYPES), default="ndjson")
        taking.add_argument("-o", "--output", type=Path, help="a file (else the output)")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            query = parse(joined(options["search"]), timezone.now())
            {"find": self._find, "export": self._export}[options["verb"]](query, options)
        except Unreadable as error:
            raise CommandError(str(error)) from error

    def _find(self, query: Query, options: dict[str, Any]) -> None:
        found = find(query, options["before"], max(1, options["limit"]))
        for row in found.rows:
            line = f"{row.pk:>9}  {row.received_at:%Y-%m-%d %H:%M:%S}  {row.state:<8} {row.source} {row.kind}  "
            self.stdout.write(json.dumps(narrow(row)) if options["json"] else f"{line}{row.reason or row.external_id}")
        if found.until:
            self.stderr.write(f"{found.until}. Go on with --before {found.before}")
        elif found.before:
            self.stderr.write(f"There are more: go on with --before {found.before}")
        if not found.rows:
            raise CommandError("no delivery fits")

    def _export(self, query: Query, options: dict[str, Any]) -> None:
        pieces = export(query, options["form"], at_command_line())
        if options["output"]:
            with options["output"].open("w", encoding="utf-8", newline="") as file:
                file.writelines(pieces)
            return
        for piece in pieces:
            sys.stdout.write(piece)

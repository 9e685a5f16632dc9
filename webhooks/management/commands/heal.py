"""`manage.py heal`: compare what vendors say they sent with what has come, and fetch what is missing."""

import json
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from integrations.errors import IntegrationError
from webhooks.care.audit import at_command_line
from webhooks.healing.archives import healable, obstacle
from webhooks.healing.report import Report, dry_run, report_of
from webhooks.healing.run import heal
from webhooks.models import Search
from webhooks.moments import moment_or_ago


class Command(BaseCommand):
    help = "Compare what vendors say they sent with what has come, and fetch what is missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sources", nargs="*", metavar="source", help="such as a plug-in's slug; all without one")
        parser.add_argument("--since", help="look further back, e.g. 2026-11-23T12:00Z or -2d")
        parser.add_argument("--dry-run", action="store_true", help="only say what is missing")
        parser.add_argument("--json", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        now = timezone.now()
        since = moment_or_ago(options["since"], now) if options["since"] else None
        if options["since"] and since is None:
            raise CommandError(f"--since: {options['since']!r} is no time")
        sources = options["sources"] or healable()
        for source in sources:
            if why := obstacle(source):
                raise CommandError(why)
        reports = [_report(source, now, since, dry=options["dry_run"]) for source in sources]
        if options["json"]:
            self.stdout.write(json.dumps([report.told() for report in reports]))
        else:
            for report in reports:
                self.stdout.write(report.words)
        if any(report.error for report in reports):
            raise CommandError("not every source could be compared: see above", returncode=2)


def _report(source: str, now: datetime, since: datetime | None, *, dry: bool) -> Report:
    if dry:
        try:
            return dry_run(source, now, since)
        except IntegrationError as error:
            return Report(source, error=str(error))
    search: Search | None = None
    # A run makes room for others after its time; at the command line there are none.
    while search is None or not (search.finished_at or search.error):
        search = heal(source, timezone.now(), early=True, since=None if search else since, who=at_command_line().who)
        if search is None:
            return Report(source, error="Another run is at it: look again in a minute.")
    return report_of(search)

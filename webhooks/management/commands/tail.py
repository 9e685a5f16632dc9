"""`manage.py tail`: deliveries, failed calls and events, the last of them or as they come."""

import json
import time
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import close_old_connections
from django.utils import timezone

from webhooks.care.following import KINDS, Follower, Line, followers
from webhooks.care.language import Query, Unreadable, joined, parse

MARKS = {True: "✓", False: "✗", None: "…"}
BETWEEN = 0.5  # seconds


class Command(BaseCommand):
    help = (
        "Show what happened last, and with -f what happens from now on, until Ctrl-C.\n"
        'The search is that of the console: source:acme state:dead text:"card declined" -type:ping\n'
        "Exit codes: 0 something was shown, 1 nothing was, or the search cannot be read."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("search", nargs="*", help="filters, as in the console")
        parser.add_argument("-f", "--follow", action="store_true", help="go on as things happen")
        parser.add_argument("-n", "--lines", type=int, default=10, help="of each kind at first (10)")
        parser.add_argument("--only", action="append", choices=KINDS, help="may be given more than once")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            query = parse(joined(options["search"]), timezone.now())
        except Unreadable as error:
            raise CommandError(str(error)) from error
        following = followers(tuple(options["only"] or KINDS))
        shown = self._say(
            (line for one in following for line in one.begin(query, max(0, options["lines"]))), options["json"]
        )
        if options["follow"]:
            self._follow(query, following, options["json"])
        elif not shown:
            raise CommandError("nothing fits")

    def _follow(self, query: Query, following: list[Follower], as_json: bool) -> None:
        try:
            while True:
                time.sleep(BETWEEN)
                close_old_connections()
                self._say((line for one in following for line in one.news(query)), as_json)
        except (KeyboardInterrupt, BrokenPipeError):
            return

    def _say(self, lines: Iterable[Line], as_json: bool) -> int:
        told = sorted(lines, key=lambda line: line.at)
        for line in told:
            self.stdout.write(json.dumps({"what": line.what, **line.told}) if as_json else _plain(line))
        self.stdout.flush()
        return len(told)


def _plain(line: Line) -> str:
    moment = f"{line.at:%H:%M:%S.%f}"[:-3]
    return f"{moment} {MARKS[line.ok]} {line.what:<8} {line.state:<9} {line.title}  {line.detail}"

"""`manage.py doctor`: what is misconfigured and how to mend it.

On the command line `manage.py` goes to `config.doctor.entry` itself, before Django loads; this is for `help` and
`call_command`.
"""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.doctor.entry import add_arguments, report


class Command(BaseCommand):
    help = "Say what is misconfigured and how to mend it; exit 0: well, 1: something is wrong, 2: warnings only."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        # `--traceback` is Django's already.
        add_arguments(parser, traceback=False)

    def handle(self, *_args: Any, **options: Any) -> None:
        if code := report(argparse.Namespace(**options), sys.stdout):
            sys.exit(code)

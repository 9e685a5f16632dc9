"""The way in: `manage.py` comes here before Django loads, for the settings may be what is broken."""

from __future__ import annotations

import argparse
import io
import os
import sys
from contextlib import redirect_stderr
from traceback import format_exception
from typing import NoReturn, TextIO

from config.doctor.report import as_json, as_text
from config.doctor.round import go_round
from config.doctor.table import TABLE, document, needed, summary
from config.doctor.variables import veiled

USAGE = 64  # EX_USAGE: 2 means that there are warnings


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def add_arguments(parser: argparse.ArgumentParser, *, traceback: bool = True) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object in place of lines")
    parser.add_argument("--offline", action="store_true", help="ask no vendor anything")
    parser.add_argument("--only", action="append", choices=TABLE, metavar="EXAMINATION", help="this, and what it needs")
    parser.add_argument("--table", choices=("whole", "short"), help="print the table of examinations, in Markdown")
    if traceback:
        parser.add_argument("--traceback", action="store_true", help="of an examination that came to no end")


def main(words: list[str]) -> int:
    """Run from the command line; returns the exit code: 0 well, 1 something is wrong, 2 warnings only, 64 usage."""
    parser = Parser(prog="manage.py doctor", description="Say what is misconfigured and how to mend it.")
    add_arguments(parser)
    # libpq reads it: a database that takes a connection and says nothing is given up soon.
    os.environ.setdefault("PGCONNECT_TIMEOUT", "2")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a bare terminal may know no arrow
    return report(parser.parse_args(words), sys.stdout)


def report(options: argparse.Namespace, out: TextIO) -> int:
    """Do what `options` say, write it to `out`, and return the exit code."""
    if options.table:
        out.write(document() if options.table == "whole" else summary())
        return 0
    # What loggers and libraries say meanwhile is told better by the findings, and may quote a secret.
    with redirect_stderr(io.StringIO()):
        diagnosis = go_round(needed(options.only) if options.only else TABLE, offline=options.offline)
    colour = out.isatty() and not os.environ.get("NO_COLOR")
    out.write(f"{as_json(diagnosis) if options.json else as_text(diagnosis, colour=colour)}\n")
    if options.traceback:
        for error in diagnosis.stuck.values():
            sys.stderr.write(veiled("".join(format_exception(error))))
    return diagnosis.exit_code

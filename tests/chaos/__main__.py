"""`python -m tests.chaos` (`make chaos`): 10,000 webhooks while everything dies; exit code 1 on a loss or a double."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from tests.chaos.campaign import run
from tests.chaos.havoc import MISHAPS
from tests.chaos.servers import PostgreSQL, RabbitMQ, Redis


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--only", action="append", choices=MISHAPS, help="this mishap alone; may be given again")
    parser.add_argument("--keep", action="store_true", help="leave the logs where they are, and say where")
    options = parser.parse_args()
    django.setup()
    if missing := [problem for server in (PostgreSQL, Redis, RabbitMQ) if (problem := server.missing())]:
        print("; ".join(missing))
        return 2
    # Whoever is told to end ends what they have started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="patchbay-chaos-"))
    folder.chmod(0o755)  # PostgreSQL runs as another user than root, and must get in
    try:
        report = run(folder, options.only or list(MISHAPS), options.events)
    finally:
        if options.keep:
            print(f"the logs are in {folder}")
        else:
            shutil.rmtree(folder)
    print("\n".join(report.lines()))
    print("every acknowledged webhook has had one effect" if report.good else "LOST OR DOUBLED")
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())

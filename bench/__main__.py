"""`python -m bench`: run the benchmarks, each beside its yardstick, and print a table of ratios."""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import drain, guard, ingest, isolation, latency, report, rival, volume
from bench.report import Result

BENCHMARKS: dict[str, Callable[..., Result]] = {
    "drain": drain.run,
    "guard": guard.run,
    "ingest": ingest.run,
    "isolation": isolation.run,
    "latency": latency.run,
    "rival": rival.run,
    "volume": volume.run,
}
# What is measured stands on its own, whatever this shell is set up for.
FOREIGN = ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "HOST", "PORT", "SANDBOX_PORT", "PATCHBAY_URL", "SANDBOX_URL")


def main() -> None:
    options = _options()
    if options.list:
        print("\n".join(f"{name}: {run.__doc__}" for name, run in BENCHMARKS.items()))
        return
    for name in [options.only] if options.only else BENCHMARKS:
        _bench(name, options.seconds, {"rows": options.rows} if name == "volume" else {})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=BENCHMARKS, help="run this one alone")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long a round takes (5)")
    parser.add_argument("--rows", type=int, default=100_000, help="how many are stored already, for volume (100000)")
    parser.add_argument("--list", action="store_true", help="say what there is, and run nothing")
    return parser.parse_args()


def _bench(name: str, seconds: float, more: dict[str, Any]) -> None:
    print(f"{name} on", ", ".join(f"{key} {value}" for key, value in report.machine().items()), flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="patchbay-bench-") as folder:
        _isolate(folder)
        result = BENCHMARKS[name](Path(folder), seconds, **more)
    print(report.table(result.lines))
    load = os.getloadavg()[0]
    print(
        f"{report.write(result)} · {time.monotonic() - started:.0f} s · load average {load:.2f} afterwards\n",
        flush=True,
    )


def _isolate(folder: str) -> None:
    for variable in FOREIGN:
        os.environ.pop(variable, None)
    os.environ |= {"PATCHBAY_VAR": folder, "PATCHBAY_SANDBOX": "1", "DJANGO_SETTINGS_MODULE": "config.settings"}
    # A benchmark asks as fast as it can, all by itself.
    os.environ["PATCHBAY_API_RATE"] = "0"


if __name__ == "__main__":
    main()

"""`python -m tests.webhooks.limits.crowd URL NAME SKEW`: one of several hosts that ask for the same bucket at once.

Says `ready`, waits for a line, makes its calls with all threads, and prints how many were admitted. SKEW is by how
many seconds the clocks of this host are wrong.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

THREADS, CALLS = 10, 10


def at_once(call: Callable[[], bool], threads: int, calls: int) -> int:
    """How often `call` was true, of `calls` by each of so many threads that begin together."""
    start = Barrier(threads)

    def run(_number: int) -> int:
        start.wait(60)
        return sum(call() for _ in range(calls))

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(run, range(threads)))


def skew(seconds: float) -> None:
    """From here on the clocks of this process are wrong."""
    wall, steady = time.time, time.monotonic
    time.time = lambda: wall() + seconds
    time.monotonic = lambda: steady() + seconds


def main(url: str, name: str, seconds: float) -> None:
    skew(seconds)
    from tests.webhooks.limits.conftest import STILL
    from webhooks.api import shared
    from webhooks.api.buckets import Buckets

    shared.TIMEOUT = 60.0
    buckets = Buckets(STILL, shared.connect(url))
    at_once(lambda: buckets.take(f"{name}:warm").admitted, THREADS, 1)
    print("ready", flush=True)
    sys.stdin.readline()
    print(at_once(lambda: buckets.take(name).admitted, THREADS, CALLS), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))

"""A process whose threads all call one vendor at a word from outside; it prints how many of them got an answer.

python -m tests.integrations.http.polite SLUG URL THREADS    prints `ready`, waits for a line, calls, prints
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor


def _main(slug: str, url: str, threads: int) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from integrations.http import state
    from integrations.http.transport import exchange

    state.PATIENCE = 60.0
    state.state_of(slug).look()  # connected, before it counts
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(lambda _: exchange(slug, "GET", url).status, range(threads)))
    print(answers.count(200))


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

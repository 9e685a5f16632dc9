"""Ways of doing the same thing, timed in turns, so that a busy machine disturbs them alike."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

ROUNDS = 11
LEAST = 20  # calls in a round, however short it is


@dataclass(frozen=True)
class Timing:
    """The median duration of a call in each round, in microseconds."""

    rounds: list[float]

    @property
    def usual(self) -> float:
        return median(self.rounds)

    @property
    def calmest(self) -> float:
        """The best round: what the code itself costs, for other people's work only ever adds."""
        return min(self.rounds)


def compete(contenders: Mapping[str, Callable[[], object]], seconds: float, rounds: int = ROUNDS) -> dict[str, Timing]:
    """Call each again and again, a part of every round each; `seconds` in all."""
    share = seconds / rounds / len(contenders)
    medians: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, do in contenders.items():
            medians[name].append(_round(do, share))
    return {name: Timing(values) for name, values in medians.items()}


def _round(do: Callable[[], object], seconds: float, clock: Callable[[], float] = time.perf_counter) -> float:
    durations: list[float] = []
    ends = clock() + seconds
    before = 0.0
    while before < ends or len(durations) < LEAST:
        before = clock()
        do()
        durations.append(clock() - before)
    return median(durations) * 1_000_000

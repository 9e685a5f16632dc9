"""Faults on order: what `/_control/faults` asks for happens to the next requests that match."""

from dataclasses import asdict, dataclass
from typing import Any

# What takes a figure after the colon, and what figures it takes.
FIGURES = {"status": (400, 599), "429": (0, 86_400), "slow": (0, 600)}
PLAIN = ("timeout", "reset", "drop_reply", "garbage")


@dataclass
class Fault:
    """`match` is `METHOD /path-prefix`, either of them `*` (or one for both); `times` how many requests it befalls.

    `ValueError` for one that makes no sense, in words for whoever ordered it.
    """

    provider: str
    match: str
    fault: str
    times: int = 1

    def __post_init__(self) -> None:
        if not self._makes_sense():
            wanted = ", ".join([*(f"{name}:N" for name in FIGURES), *PLAIN])
            raise ValueError(f"fault must be one of {wanted}; not {self.fault!r}")
        if self.match == "*":
            self.match = "* *"
        if len(self.match.split()) != 2:
            raise ValueError(
                f"match must be 'METHOD /path-prefix', for example 'POST /v1/' or '* *'; not {self.match!r}"
            )
        if self.times < 1:
            raise ValueError("times must be 1 or more")

    def _makes_sense(self) -> bool:
        low, high = FIGURES.get(self.name, (0, -1))
        whole = self.name == "slow" or self.figure.is_integer()
        return self.fault in PLAIN or (low <= self.figure <= high and whole)

    @property
    def name(self) -> str:
        return self.fault.partition(":")[0]

    @property
    def figure(self) -> float:
        return _number(self.fault.partition(":")[2])

    @property
    def works(self) -> bool:
        """Whether it strikes in the midst of the work, where an idempotency key already holds."""
        return self.name == "slow" or self.fault == "status:500"

    def befalls(self, provider: str, method: str, path: str) -> bool:
        verb, prefix = self.match.split()
        return (
            self.provider == provider
            and verb in ("*", method)
            and (prefix == "*" or path.startswith(prefix.rstrip("*")))
        )


def _number(figure: str) -> float:
    try:
        return float(figure)
    except ValueError:
        return -1.0


class Faults:
    """The faults still to happen, first ordered first served."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def clear(self) -> None:
        self._waiting.clear()

    def listed(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._waiting]

    def take(self, provider: str, method: str, path: str) -> Fault | None:
        """The fault that befalls this request, used up by one."""
        fault = next((fault for fault in self._waiting if fault.befalls(provider, method, path)), None)
        if fault:
            fault.times -= 1
            self._waiting = [fault for fault in self._waiting if fault.times]
        return fault

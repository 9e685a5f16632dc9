"""What an examination is, and what it finds; nothing here needs Django or any library."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, in words for somebody on call.

    `where` is the variable or file to change, `mend` the exact command or edit. Neither `where` nor `mend` ever
    quotes a configured secret; whatever stands in `what` and `cause` is masked before it is shown.
    """

    what: str
    cause: str
    where: str
    mend: str
    severity: str = ERROR


Look = Callable[[], Iterable[Finding]]


@dataclass(frozen=True)
class Examination:
    """One look at one thing; the first line of `look`'s docstring says at what.

    `needs` names the examinations that must have found no error before this one makes sense; `asks_vendors` is true
    where it calls somebody outside, which `--offline` spares; `seconds` is how long it may take.
    """

    name: str
    look: Look
    needs: tuple[str, ...] = ()
    asks_vendors: bool = False
    seconds: float = 3.5

    @property
    def words(self) -> str:
        return (self.look.__doc__ or "").partition("\n")[0]


@dataclass(frozen=True)
class Theme:
    """The examinations that belong together."""

    name: str
    examinations: tuple[Examination, ...]

"""What every way of proving oneself at the door can do: check a request, make one, and judge a secret."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_urlsafe
from typing import ClassVar

from integrations.contract import Inbound

Headers = dict[str, str]
GUESSABLE = 16  # characters: a shorter secret is worth a warning


class BadSecret(ValueError):
    """Not a secret this scheme can use; the message says why and may be shown."""


@dataclass(frozen=True)
class Letter:
    """What is to be sent: its id and type for the schemes that carry them, and when it is sent (aware UTC)."""

    identifier: str
    kind: str
    body: bytes
    now: datetime


class Scheme(ABC):
    """One way of proving oneself. Its fields are a source's options, validated (`webhooks.sources.options`).

    Everything that a sender wrote may be anything: the answer to what is wrong is always `Refused`.
    """

    has_secret: ClassVar[bool] = True

    @abstractmethod
    def require(self, inbound: Inbound, secrets: Sequence[str]) -> None:
        """`BadSignature` or `StaleTimestamp` unless the request was made with one of `secrets`, and lately."""

    @abstractmethod
    def sign(self, letter: Letter, secret: str) -> Headers:
        """The headers that a genuine sender would send with it."""

    def require_secret(self, text: str) -> None:
        """`BadSecret` unless this scheme can use it."""
        if not text.strip() or not text.isprintable():
            raise BadSecret("a secret is printable text")

    def new_secret(self) -> str:
        """A fresh secret, 256 bits of it random."""
        return token_urlsafe(32)

    def warnings(self) -> list[str]:
        """What staff should know of these options; nothing when there is nothing to say."""
        return []

    @property
    def proofs(self) -> frozenset[str]:
        """The lower-case names of the headers that carry the proof: masked in every sample."""
        return frozenset()

    @property
    def credentials(self) -> frozenset[str]:
        """Those among them that are a secret themselves: never stored, not even of a genuine request."""
        return frozenset()

"""How a call proves who we are, when that changes while we run."""

from collections.abc import Mapping
from typing import Protocol


class Auth(Protocol):
    """Credentials that may be renewed. The pipeline asks once more, no more, after `renew` said yes."""

    def headers(self) -> Mapping[str, str]:
        """The headers to send; may raise `Retryable` (the token endpoint is away) or `Reconnect` (a person must)."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """The vendor answered 401 to these headers: get newer ones, in single flight; False when there are none."""

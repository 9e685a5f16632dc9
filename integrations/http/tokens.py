"""OAuth2 tokens as an `Auth`: kept sealed, renewed ahead of time, by one caller of all processes at a time."""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from integrations.errors import DeadlineExceeded, IntegrationError, OutcomeUnknown, Reconnect, Retryable, Unauthorized
from integrations.http import deadline, tokenrows
from integrations.http.grants import Client, ask
from integrations.http.tokenrows import Held

log = structlog.get_logger("vendor")

# A token that is refused this soon after it was granted is not the trouble: a newer one would be refused as well.
YOUNG = timedelta(seconds=10)
SCHEME = "Bearer "


@dataclass(frozen=True)
class OAuth:
    """The tokens of one account at one vendor. Whoever finds a renewal under way waits up to `patience` seconds."""

    client: Client
    account: str = ""
    patience: float = 10.0

    def headers(self) -> Mapping[str, str]:
        """The header to send. `Reconnect`: a person must. `Retryable`, `Unauthorized`: no token to be had now."""
        return {"Authorization": SCHEME + self._token()}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Whether there is another token than the one in `refused`, after getting it if need be. Errors as above."""
        old = refused.get("Authorization", "").removeprefix(SCHEME)
        try:
            return self._token(old) != old
        except Unauthorized:
            return False

    def _token(self, refused: str = "") -> str:
        give_up = time.monotonic() + deadline.bounded(self.patience)
        pause = 0.02
        while time.monotonic() < give_up:
            held = tokenrows.look(self.client.vendor, self.account)
            if token := self._at_once(held, refused):
                return token
            if lease := tokenrows.claim(held):
                if token := self._renewed(held, lease, refused):
                    return token
                continue
            if _spare(held, refused):  # another renews it ahead of time, and the old one is good until then
                return held.access_token
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  jitter, no secret
            pause = min(pause * 2, 0.25)
        raise Retryable(f"{self.client.vendor}'s token is being renewed by another process", 1.0)

    def _at_once(self, held: Held, refused: str) -> str:
        """The token that needs no renewing; empty when it is for us to renew; raises what forbids asking."""
        if held.fresh and held.access_token != refused:
            return held.access_token
        if refused and held.access_token == refused and held.is_younger_than(YOUNG):
            raise Unauthorized(f"{self.client.vendor} refuses the token that it has just granted")
        if error := held.remembered():
            if _spare(held, refused) and not isinstance(error, Reconnect):
                return held.access_token
            raise error
        if self.client.grant == "refresh_token" and not held.refresh_token:
            raise Reconnect(f"{self.client.vendor} is not connected, or its grant cannot be read")
        return ""

    def _renewed(self, held: Held, lease: str, refused: str) -> str:
        """The new token, or the old one where it can serve on; empty when somebody else has overtaken us."""
        vendor = self.client.vendor
        try:
            grant = ask(self.client, held.refresh_token if self.client.grant == "refresh_token" else "")
        except IntegrationError as error:
            log.warning("token.not_renewed", vendor=vendor, account=self.account, code=error.code, error=str(error))
            self._give_back(held, lease, error)
            if _spare(held, refused) and not isinstance(error, Reconnect):
                return held.access_token
            if isinstance(error, OutcomeUnknown):  # of the token request: what the caller asked for never left
                raise Retryable(str(error), error.retry_after) from error
            raise
        if not tokenrows.keep(held, grant):
            return ""
        log.info("token.renewed", vendor=vendor, account=self.account)
        return grant.access_token

    def _give_back(self, held: Held, lease: str, error: IntegrationError) -> None:
        if isinstance(error, DeadlineExceeded):  # the caller's time was short: that says nothing of the vendor
            tokenrows.release(held, lease)
        else:
            tokenrows.fail(held, lease, error)


def _spare(held: Held, refused: str) -> bool:
    """Whether the old token can serve a little longer."""
    return held.valid and held.access_token != refused

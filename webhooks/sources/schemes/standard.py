"""Standard Webhooks, `v1` and `v1a`: id, time and body are signed, in headers that bear one prefix.

https://www.standardwebhooks.com
"""

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.contract import Inbound
from integrations.errors import BadSignature
from integrations.signatures import standard
from webhooks.sources.schemes.scheme import BadSecret, Headers, Letter, Scheme


@dataclass(frozen=True)
class Standard(Scheme):
    """`prefix` is what the three headers begin with: `webhook`, or the sender's own from before the standard."""

    prefix: str = "webhook"

    def require(self, inbound: Inbound, secrets: Sequence[str]) -> None:
        identifier, timestamp, signatures = (inbound.header(name) for name in self._names())
        try:
            standard.require_signed(identifier, timestamp, signatures, inbound.body, secrets, inbound.now)
        except standard.BadSecret as error:
            raise BadSignature("a secret of this source cannot be used") from error

    def sign(self, letter: Letter, secret: str) -> Headers:
        if secret.startswith(standard.PUBLIC):
            raise BadSecret("only the sender has the private half of this key")
        identifier, timestamp, signature = self._names()
        return {
            identifier: letter.identifier,
            timestamp: str(int(letter.now.timestamp())),
            signature: standard.sign(secret, letter.identifier, letter.now, letter.body),
        }

    def require_secret(self, text: str) -> None:
        super().require_secret(text)
        try:
            standard.require_secret(text)
        except standard.BadSecret as error:
            raise BadSecret(str(error)) from error

    def new_secret(self) -> str:
        return standard.new_secret()

    @property
    def proofs(self) -> frozenset[str]:
        return frozenset({self._names()[2]})

    def _names(self) -> tuple[str, str, str]:
        return f"{self.prefix}-id", f"{self.prefix}-timestamp", f"{self.prefix}-signature"

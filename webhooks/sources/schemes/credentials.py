"""Senders that show a secret instead of signing with it: user name and password, or a token in a header."""

import base64
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from integrations.contract import Inbound
from integrations.errors import BadSignature
from webhooks.sources.schemes.scheme import BadSecret, Headers, Letter, Scheme

UNSIGNED = "Nothing is signed: whoever learns the secret on the way can say anything. Prefer a signature."


@dataclass(frozen=True)
class Basic(Scheme):
    """HTTP Basic (RFC 7617); the secret is the password of `username`."""

    username: str

    def require(self, inbound: Inbound, secrets: Sequence[str]) -> None:
        scheme, _, given = inbound.header("Authorization").partition(" ")
        if scheme.lower() != "basic":
            raise BadSignature("there is no Authorization: Basic")
        try:
            pair = base64.b64decode(given.strip(), validate=True)
        except ValueError:
            raise BadSignature("what follows Basic is not base64") from None
        _require_one_of(pair, (f"{self.username}:{secret}".encode() for secret in secrets))

    def sign(self, _letter: Letter, secret: str) -> Headers:
        pair = base64.b64encode(f"{self.username}:{secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def warnings(self) -> list[str]:
        return [UNSIGNED]

    @property
    def proofs(self) -> frozenset[str]:
        return frozenset({"authorization"})

    @property
    def credentials(self) -> frozenset[str]:
        return self.proofs


@dataclass(frozen=True)
class Bearer(Scheme):
    """The secret stands in `header` after `prefix`: `Authorization: Bearer …` (RFC 6750), or the sender's own."""

    header: str = "Authorization"
    prefix: str = "Bearer "

    def require(self, inbound: Inbound, secrets: Sequence[str]) -> None:
        given, start = inbound.header(self.header), self.prefix.strip()
        if not given:
            raise BadSignature(f"the header {self.header} is missing")
        if given[: len(start)].lower() != start.lower():  # a scheme's name has no case
            raise BadSignature(f"{self.header} does not begin with {start}")
        token = given[len(start) :].strip().encode("latin-1", "replace")
        _require_one_of(token, (secret.encode() for secret in secrets))

    def sign(self, _letter: Letter, secret: str) -> Headers:
        return {self.header: f"{self.prefix}{secret}"}

    def require_secret(self, text: str) -> None:
        super().require_secret(text)
        if not text.isascii() or text != text.strip():
            raise BadSecret("a token in a header is ASCII, without spaces around it")

    def warnings(self) -> list[str]:
        return [UNSIGNED]

    @property
    def proofs(self) -> frozenset[str]:
        return frozenset({self.header.lower()})

    @property
    def credentials(self) -> frozenset[str]:
        return self.proofs


def _require_one_of(given: bytes, wanted: Iterable[bytes]) -> None:
    if not sum(hmac.compare_digest(given, one) for one in wanted):
        raise BadSignature("this is not the secret of this source")

"""HMAC as most senders do it, each in a way of its own: which header, which encoding, over what, is a template."""

import base64
import hmac
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from integrations.contract import Inbound
from integrations.errors import BadSignature
from webhooks.sources.schemes.scheme import BadSecret, Headers, Letter, Scheme
from webhooks.sources.schemes.times import require_fresh, written

HASHES = ("sha256", "sha512", "sha1")
PLACEHOLDERS = ("{timestamp}", "{id}", "{body}")
MOST_SIGNATURES = 16  # looked at in one header; a sender in the middle of a rotation has two
_PARTS = re.compile("(" + "|".join(map(re.escape, PLACEHOLDERS)) + ")")


def _base64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _base64url(text: str) -> bytes:
    return _base64(text.translate({ord("-"): "+", ord("_"): "/"}))


DECODE: Mapping[str, Callable[[str], bytes]] = {"hex": bytes.fromhex, "base64": _base64, "base64url": _base64url}
ENCODE: Mapping[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "base64": lambda raw: base64.b64encode(raw).decode(),
    "base64url": lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="),
}


@dataclass(frozen=True)
class Template(Scheme):
    """HMAC by template; the options are explained in `webhooks.sources.options.TemplateOptions`."""

    header: str
    prefix: str = ""
    encoding: str = "hex"
    hash: str = "sha256"
    signed: str = "{body}"
    separator: str = ""
    signature_field: str = ""
    timestamp_field: str = ""
    timestamp_header: str = ""
    timestamp_unit: str = "seconds"
    tolerance: int = 300
    id_header: str = ""
    key_encoding: str = "text"

    def require(self, inbound: Inbound, secrets: Sequence[str]) -> None:
        given = inbound.header(self.header)
        if not given:
            raise BadSignature(f"the header {self.header} is missing")
        fields = list(self._fields(given))
        candidates = list(self._candidates(fields))
        if not candidates:
            raise BadSignature(f"{self.header} has no signature {self._form()}")
        timestamp = self._timestamp(fields, inbound)
        message = self._message(timestamp, inbound.header(self.id_header), inbound.body)
        wanted = [hmac.digest(key, message, self.hash) for key in self._keys(secrets)]
        # No short cut: the time taken tells nothing about which secret or candidate came close.
        if not sum(hmac.compare_digest(have, want) for have in candidates for want in wanted):
            raise BadSignature("no signature here was made with the secret of this source over what it should sign")
        if self.timed:
            require_fresh(timestamp, self.timestamp_unit, inbound.now, timedelta(seconds=self.tolerance))

    def sign(self, letter: Letter, secret: str) -> Headers:
        timestamp = written(letter.now, self.timestamp_unit) if self.timed else ""
        digest = hmac.digest(self._key(secret), self._message(timestamp, letter.identifier, letter.body), self.hash)
        signature = self.prefix + ENCODE[self.encoding](digest)
        if self.signature_field:
            pairs = [(self.timestamp_field, timestamp), (self.signature_field, signature)]
            signature = self._between.join(f"{name}={value}" for name, value in pairs if name)
        headers = {self.timestamp_header: timestamp, self.id_header: letter.identifier, self.header: signature}
        return {name: value for name, value in headers.items() if name}

    def require_secret(self, text: str) -> None:
        super().require_secret(text)
        try:
            key = self._key(text)
        except ValueError:
            raise BadSecret(f"it is not {self.key_encoding}, which key_encoding says it is") from None
        if not key:
            raise BadSecret("there is nothing in it")

    def new_secret(self) -> str:
        raw = super().new_secret()
        return raw if self.key_encoding == "text" else ENCODE[self.key_encoding](raw.encode())

    def warnings(self) -> list[str]:
        found = []
        if self.hash == "sha1":
            found.append("SHA-1 is broken for other uses and on its way out: take sha256 when the sender offers it.")
        if not self.timed:
            found.append("No time is signed: what was overheard can be sent again, and only its id makes it known.")
        return found

    @property
    def timed(self) -> bool:
        """Whether a time is signed."""
        return bool(self.timestamp_field or self.timestamp_header)

    @property
    def proofs(self) -> frozenset[str]:
        return frozenset({self.header.lower()})

    @property
    def _between(self) -> str:
        return self.separator or ","

    def _form(self) -> str:
        field = f"in {self.signature_field}=… " if self.signature_field else ""
        start = f"that begins with {self.prefix} " if self.prefix else ""
        return f"{field}{start}in {self.encoding}"

    def _fields(self, given: str) -> Iterator[tuple[str, str]]:
        """The header as pairs of name and value; a header that is no list of them has names that are empty."""
        if not self.signature_field:
            parts = given.split(self.separator) if self.separator else [given]
            yield from (("", part.strip()) for part in parts)
            return
        for part in given.split(self._between):
            name, _, value = part.strip().partition("=")
            yield name.strip(), value.strip()

    def _candidates(self, fields: Sequence[tuple[str, str]]) -> Iterator[bytes]:
        mine = [value for name, value in fields if name == self.signature_field and value.startswith(self.prefix)]
        for value in mine[:MOST_SIGNATURES]:
            try:
                yield DECODE[self.encoding](value.removeprefix(self.prefix))
            except ValueError:
                continue  # not a signature at all: another one in the list may be

    def _timestamp(self, fields: Sequence[tuple[str, str]], inbound: Inbound) -> str:
        if self.timestamp_field:
            given = next((value for name, value in fields if name == self.timestamp_field), "")
        else:
            given = inbound.header(self.timestamp_header)
        if self.timed and not given:
            raise BadSignature(f"the signed time is missing: {self.timestamp_field or self.timestamp_header}")
        return given

    def _message(self, timestamp: str, identifier: str, body: bytes) -> bytes:
        values = {"{timestamp}": _raw(timestamp), "{id}": _raw(identifier), "{body}": body}
        return b"".join(values[part] if part in values else part.encode() for part in parts_of(self.signed))

    def _keys(self, secrets: Sequence[str]) -> list[bytes]:
        try:
            return [self._key(secret) for secret in secrets]
        except ValueError:
            raise BadSignature("a secret of this source cannot be used") from None

    def _key(self, secret: str) -> bytes:
        return secret.encode() if self.key_encoding == "text" else DECODE[self.key_encoding](secret)


def parts_of(signed: str) -> list[str]:
    """The template cut into placeholders and the text between them."""
    return _PARTS.split(signed)


def _raw(header: str) -> bytes:
    # As it came over the wire: the door reads headers as latin-1.
    return header.encode("latin-1", "replace")

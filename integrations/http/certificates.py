"""The signing certificates of a vendor that names them by address: fetched once, checked up to a root, kept in memory.

An address comes with a request that nobody has verified yet: its provider says which addresses are the vendor's, and
what is fetched for strangers is bounded here.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from datetime import datetime
from re import Pattern

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import Certificate

from integrations.errors import BadSignature, Permanent, RateLimited
from integrations.http.transport import exchange
from integrations.signatures.chains import Signer, issuer_url, read, signer
from integrations.signatures.roots import trusted

KEPT = 16  # signers, the latest used
FETCHES, WINDOW = 20, 60.0  # so many fetches in so many seconds: a vendor has a new certificate a few times a year
LONGEST_LADDER = 3  # certificates between the signer's and a root
LARGEST = 64 << 10  # bytes of one


class Certificates:
    """Those of the vendor `vendor`. `issuers` are the addresses from which a missing link of a chain may be fetched."""

    def __init__(
        self, vendor: str, issuers: Pattern[str], roots: Callable[[], Sequence[Certificate]] = trusted
    ) -> None:
        self._vendor, self._issuers, self._roots = vendor, issuers, roots
        self._known: OrderedDict[str, Signer] = OrderedDict()
        self._fetched: deque[float] = deque(maxlen=FETCHES)
        self._lock = threading.Lock()

    def key(self, url: str, now: datetime) -> RSAPublicKey | None:
        """The key at `url`, if it is known already; `BadSignature` when it is not good at `now`."""
        with self._lock:
            if url in self._known:
                self._known.move_to_end(url)
                return self._known[url].key_at(now)
        return None

    def fetch(self, url: str, names: Sequence[str], now: datetime) -> RSAPublicKey:
        """The key at `url`, fetched if need be: it blocks. `names` are the hosts that the certificate may be for.

        `BadSignature`: it is not the vendor's. `Retryable`: it cannot be had now.
        """
        if key := self.key(url, now):
            return key
        self._require_leave()
        return self.learn(url, _get(self._vendor, url), names, now).key_at(now)

    def learn(self, url: str, served: bytes, names: Sequence[str], now: datetime) -> Signer:
        """Check what `url` serves and remember it; links that are missing up to a root are fetched."""
        chain = read(served)
        found = self._checked(chain, names, now)
        with self._lock:
            self._known[url] = found
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return found

    def forget(self) -> None:
        """As on the first day."""
        with self._lock:
            self._known.clear()
            self._fetched.clear()

    def _checked(self, chain: list[Certificate], names: Sequence[str], now: datetime) -> Signer:
        for _ in range(LONGEST_LADDER):
            try:
                return signer(chain, names, self._roots(), now)
            except BadSignature:
                link = issuer_url(chain[-1])
                if not self._issuers.fullmatch(link):
                    raise
                # Under a name of its own: an issuer that is away must not have the vendor left alone.
                chain.append(read(_get(f"{self._vendor}-issuers", link))[0])
        return signer(chain, names, self._roots(), now)

    def _require_leave(self) -> None:
        with self._lock:
            oldest = self._fetched[0] if len(self._fetched) == FETCHES else None
            now = time.monotonic()
            if oldest is not None and now - oldest < WINDOW:
                raise RateLimited(f"too many certificates of {self._vendor} are asked for", WINDOW - (now - oldest))
            self._fetched.append(now)


def _get(vendor: str, url: str) -> bytes:
    try:
        body = exchange(vendor, "GET", url).body
    except Permanent as error:
        raise BadSignature(f"there is no certificate where the signature says: {error}") from error
    if len(body) > LARGEST:
        raise BadSignature("what the signature names is too large for a certificate")
    return body

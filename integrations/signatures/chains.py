"""Certificates of signers: read, checked up to a root for a name and a moment, and where the next link is to be had."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import AuthorityInformationAccessOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from integrations.errors import BadSignature

LONGEST = 8  # certificates that are read of what was served


@dataclass(frozen=True)
class Signer:
    """Who signs: the key, good from `since` to `until`."""

    key: RSAPublicKey
    since: datetime
    until: datetime

    def key_at(self, now: datetime) -> RSAPublicKey:
        """The key; `BadSignature` when the certificate is not good at `now`."""
        if not self.since <= now <= self.until:
            raise BadSignature("the certificate of the signature has expired, or is not good yet")
        return self.key


def read(served: bytes) -> list[x509.Certificate]:
    """The certificates in `served` (PEM, or one as DER), the signer's first; `BadSignature` when there is none."""
    try:
        if b"-----BEGIN" in served:
            return x509.load_pem_x509_certificates(served)[:LONGEST]
        return [x509.load_der_x509_certificate(served)]
    except ValueError as error:
        raise BadSignature("what the signature names is no certificate") from error


def signer(
    chain: Sequence[x509.Certificate], names: Sequence[str], roots: Sequence[x509.Certificate], now: datetime
) -> Signer:
    """The first of `chain`, if it is for one of `names` and the others lead to one of `roots`; else `BadSignature`."""
    leaf, *others = chain
    key = leaf.public_key()
    if not isinstance(key, RSAPublicKey):
        raise BadSignature("the certificate's key is not RSA")
    if not any(_leads(leaf, others, name, roots, now) for name in names):
        raise BadSignature("the certificate of the signature is not the vendor's, or leads to no root we trust")
    return Signer(key, leaf.not_valid_before_utc, leaf.not_valid_after_utc)


def _leads(
    leaf: x509.Certificate,
    others: Sequence[x509.Certificate],
    name: str,
    roots: Sequence[x509.Certificate],
    now: datetime,
) -> bool:
    policy = PolicyBuilder().store(Store(list(roots))).time(now)
    try:
        policy.build_server_verifier(x509.DNSName(name)).verify(leaf, list(others))
    except VerificationError:
        return False
    return True


def issuer_url(certificate: x509.Certificate) -> str:
    """Where the certificate says that its issuer's is to be had; empty when it does not."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return ""
    issuers = (one for one in access if one.access_method == AuthorityInformationAccessOID.CA_ISSUERS)
    return next((str(one.access_location.value) for one in issuers), "")

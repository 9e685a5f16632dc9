"""The certificate authority of the sandbox's vendors. Its keys are made of words: whoever has this code can sign.

Its root is trusted beside the sandbox alone (`integrations/signatures/roots.py`).
"""

import hashlib
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from integrations.signatures.roots import SANDBOX_ROOT

SINCE, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2059, 1, 1, tzinfo=UTC)
EXPONENT = 65537
# How far behind the numbers that the words give the next fitting primes are.
PRIMES = (("patchbay certificate p", 1002), ("patchbay certificate q", 402))


@cache
def signing_key() -> rsa.RSAPrivateKey:
    """What the vendors that sign with a certificate sign with."""
    p, q = (_number(words) + behind for words, behind in PRIMES)
    d = rsa.rsa_recover_private_exponent(EXPONENT, p, q)
    public = rsa.RSAPublicNumbers(EXPONENT, p * q)
    parts = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, *parts, public).private_key()


def _number(words: str) -> int:
    halves = (hashlib.sha512(f"{words} {half}".encode()).digest() for half in range(2))
    return int.from_bytes(b"".join(halves), "big") | 3 << 1022 | 1


@cache
def root_key() -> ec.EllipticCurvePrivateKey:
    seed = hashlib.sha256(b"patchbay sandbox root").digest()
    return ec.derive_private_key(int.from_bytes(seed, "big"), ec.SECP256R1())


@cache
def certificate(name: str) -> bytes:
    """The certificate (PEM) of `signing_key` for the host `name`."""
    root = x509.load_pem_x509_certificate(SANDBOX_ROOT)
    web = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key().public_key())
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(root.subject)
        .public_key(signing_key().public_key())
        .serial_number(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))
        .not_valid_before(SINCE)
        .not_valid_after(UNTIL)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(issuer, critical=False)
        .add_extension(web, critical=False)
        .sign(root_key(), SHA256())
    )
    return made.public_bytes(Encoding.PEM)

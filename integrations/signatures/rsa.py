"""RSA signatures (PKCS #1 v1.5) of vendors that publish a certificate."""

import base64
import binascii
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from integrations.errors import BadSignature

# SHA-1 is what SNS signs with unless told otherwise: forging one takes a second preimage, which nobody can make.
DIGESTS = {"sha1": SHA1, "sha256": SHA256}


def require_rsa(
    message: bytes, signature: str, key: RSAPublicKey, digest: Literal["sha1", "sha256"] = "sha256"
) -> None:
    """`BadSignature` unless `signature` (base64) over `message` fits `key`."""
    try:
        key.verify(base64.b64decode(signature, validate=True), message, PKCS1v15(), DIGESTS[digest]())
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise BadSignature("the signature does not fit the certificate it names") from error

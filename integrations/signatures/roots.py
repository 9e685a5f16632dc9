"""Whom we trust to say whose certificate is whose: the public web's roots; beside the sandbox, only the sandbox's."""

import re
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from cryptography.x509 import Certificate, load_pem_x509_certificate
from django.conf import settings
from requests.utils import DEFAULT_CA_BUNDLE_PATH

# Its private key is no secret (integrations/sandbox/authority.py makes it of words).
SANDBOX_ROOT = b"""\
-----BEGIN CERTIFICATE-----
MIIBczCCARmgAwIBAgIBATAKBggqhkjOPQQDAjAgMR4wHAYDVQQDDBVQYXRjaGJh
eSBTYW5kYm94IFJvb3QwIBcNMjAwMTAxMDAwMDAwWhgPMjA1OTAxMDEwMDAwMDBa
MCAxHjAcBgNVBAMMFVBhdGNoYmF5IFNhbmRib3ggUm9vdDBZMBMGByqGSM49AgEG
CCqGSM49AwEHA0IABKub0EQq1bkWx+7rvgDHrGPihqVhkr4Dws6oqI0bGFR0R6cU
xauatR9Ur3xEEJ3NGAckJi6jfhbrfcRXZ9o7hhujQjBAMA8GA1UdEwEB/wQFMAMB
Af8wDgYDVR0PAQH/BAQDAgEGMB0GA1UdDgQWBBStxb7SVASosI93z4uwCFJSElpn
ezAKBggqhkjOPQQDAgNIADBFAiBl0q5tyKp4cJUyPQ+fMQJ9uoEGcGWb9nrpc0Ga
KZ9pGQIhAJhBIeCVhx3307A5gLxyf8+Bd6S6l7io4JuZtOlhMqZr
-----END CERTIFICATE-----
"""
ONE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def trusted() -> Sequence[Certificate]:
    """The roots in force."""
    return _sandbox() if settings.PATCHBAY_SANDBOX else _public()


@cache
def _sandbox() -> Sequence[Certificate]:
    return (load_pem_x509_certificate(SANDBOX_ROOT),)


@cache
def _public() -> Sequence[Certificate]:
    return tuple(_readable(Path(DEFAULT_CA_BUNDLE_PATH).read_bytes()))


def _readable(bundle: bytes) -> Iterator[Certificate]:
    with warnings.catch_warnings(action="ignore"):  # a few old roots have numbers that newer rules forbid
        for one in ONE.findall(bundle):
            try:
                yield load_pem_x509_certificate(one)
            except ValueError:
                continue  # one that cannot be read is one that is not trusted

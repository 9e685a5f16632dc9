"""How a sender proves that it is itself: one small class a scheme, by the name that the API gives it."""

from collections.abc import Mapping
from typing import Any

from webhooks.sources.schemes.addresses import Addresses
from webhooks.sources.schemes.credentials import Basic, Bearer
from webhooks.sources.schemes.scheme import GUESSABLE, BadSecret, Headers, Letter, Scheme
from webhooks.sources.schemes.standard import Standard
from webhooks.sources.schemes.template import Template

__all__ = ["GUESSABLE", "SCHEMES", "BadSecret", "Headers", "Letter", "Scheme", "scheme_of"]

SCHEMES: dict[str, type[Scheme]] = {
    "standard-webhooks": Standard,
    "hmac": Template,
    "basic": Basic,
    "bearer": Bearer,
    "none": Addresses,
}


def scheme_of(name: str, options: Mapping[str, Any]) -> Scheme:
    """The scheme with validated options; `TypeError` or `KeyError` for what was never validated."""
    return SCHEMES[name](**options)

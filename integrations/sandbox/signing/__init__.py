"""How each vendor signs what it sends: one module a vendor, made with the credentials in force.

Written from the vendors' documentation and not from the plug-ins: it is the second opinion.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from integrations.errors import NotConfigured
from integrations.registry import all_providers
from integrations.sandbox.signing import github, paypal, sendgrid, ses, slack, stripe
from integrations.sandbox.signing.base import Headers, Signer

SIGNERS: dict[str, Signer] = {
    "stripe": stripe.sign,
    "github": github.sign,
    "sendgrid": sendgrid.sign,
    "paypal": paypal.sign,
    "ses": ses.sign,
    "slack": slack.sign,
}
# Vendors whose payload comes in something else, which is signed.
ENCLOSERS = {"ses": ses.enclose}


@dataclass(frozen=True)
class Sealed:
    """A webhook ready to be sent."""

    body: bytes
    headers: Headers


def seal(slug: str, payload: bytes, *, kind: str, now: datetime, delivery: str = "") -> Sealed:
    """`payload` as `slug` would send it at `now`: enclosed, where the vendor encloses it, and signed.

    `delivery` is the vendor's id of the delivery where it does not stand in the payload; without it, a new one.
    `NotConfigured` for a vendor that signs nothing here, or whose secret is not there to sign with.
    """
    if slug not in SIGNERS:
        raise NotConfigured(f"no webhooks of {slug!r} can be signed here; known are {', '.join(SIGNERS)}")
    provider, identifier = all_providers()[slug], delivery or str(uuid4())
    enclose = ENCLOSERS.get(slug)
    body = enclose(provider, payload, kind, now, identifier) if enclose else payload
    return Sealed(body, SIGNERS[slug](provider, body, kind, now, identifier))


def sign(slug: str, body: bytes, *, kind: str, now: datetime, delivery: str = "") -> Headers:
    """The headers alone, for a vendor that encloses nothing."""
    return seal(slug, body, kind=kind, now=now, delivery=delivery).headers

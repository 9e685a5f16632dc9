"""Whether vendors are configured with what they gave us, and take it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.doctor.findings import WARNING, Examination, Finding, Theme
from config.doctor.race import within

if TYPE_CHECKING:
    from integrations.contract import Provider

SECONDS = 3.0


def sandbox() -> Iterator[Finding]:
    """The sandbox answers, where it stands in for the vendors."""
    import httpx2
    from django.conf import settings

    if not settings.PATCHBAY_SANDBOX:
        return
    health = f"{settings.SANDBOX_URL}/_control/health"
    error = within(SECONDS, {"sandbox": lambda: httpx2.get(health, trust_env=False)})["sandbox"]
    if isinstance(error, Exception):
        mend = "PATCHBAY_SANDBOX=1 python manage.py sandbox (make run starts it with the rest)"
        yield Finding(
            f"nobody answers at {settings.SANDBOX_URL}", f"it cannot be reached: {error}", "SANDBOX_URL", mend
        )


def mode() -> Iterator[Finding]:
    """Outside the sandbox, no vendor runs on a test key."""
    from django.conf import settings

    from integrations.registry import all_providers

    if settings.PATCHBAY_SANDBOX or settings.DEBUG:
        return
    for provider in all_providers().values():
        for item in (one for one in provider.variables if not one.usual):
            value, variable = provider.values()[item.name], f"{provider.prefix}_{item.name}"
            if value and (value == item.sandbox or re.match("[A-Za-z]+_test_", value)):
                cause = "it is a test key, and PATCHBAY_SANDBOX is off: nothing here is real"
                mend = f"set {variable} to the live key (or PATCHBAY_SANDBOX=1 to try things out)"
                yield Finding(f"{provider.name} runs on a test key", cause, variable, mend, WARNING)


def secrets() -> Iterator[Finding]:
    """Every credential looks like what it should be, and not like another."""
    from integrations.registry import all_providers

    for provider in all_providers().values():
        samples = {item.name: item.sandbox for item in provider.variables}
        for name, whole in provider.values().items():
            variable = f"{provider.prefix}_{name}"
            for value in filter(None, whole.split(",")):
                if trouble := _trouble_of(name, value, samples):
                    yield Finding(
                        f"{variable} does not look like {_article(name)}",
                        trouble,
                        variable,
                        f"copy it again from {provider.name}'s console into {variable}",
                    )


def _trouble_of(name: str, value: str, samples: dict[str, str]) -> str:
    """What is odd about a value, judged by what works in the sandbox; quotes around it are told elsewhere."""
    shapes = {other: _shape(sample) for other, sample in samples.items()}
    bare = value.strip().strip("\"'")
    if re.search(r"\s", bare) or bare.startswith(("http://", "https://")):
        return "it has white space in it" if re.search(r"\s", bare) else "it is an address"
    for other, shape in shapes.items():
        if other != name and shape and bare.startswith(shape):
            return f"it begins with {shape}, as the vendor's {other} does: was it pasted into the wrong variable?"
    if name.startswith("WEBHOOK") and shapes[name] and not bare.startswith(shapes[name]):
        return f"it should begin with {shapes[name]}"
    if _is_public_key(samples[name]) and not _is_public_key(bare):
        return "it is no public key in base64"
    return ""


def _shape(sample: str) -> str:
    """What the vendor's credentials of this kind begin with, as the sandbox's does: `whsec_`, `sk_`, `SG.`"""
    found = re.match(r"[A-Za-z]{2,6}[_.]", sample)
    return found[0] if found else ""


def _is_public_key(value: str) -> bool:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        load_der_public_key(base64.b64decode(value, validate=True))
    except ValueError:
        return False
    return True


def _article(name: str) -> str:
    return f"a {name.lower().replace('_', ' ')}"


def mail_carrier() -> Iterator[Finding]:
    """`MAIL_CARRIER` names a vendor that is configured and carries mail."""
    from django.conf import settings

    from integrations.errors import NotConfigured
    from integrations.ports import MailCarrier
    from integrations.registry import all_providers, offering, port

    try:
        port(settings.MAIL_CARRIER, MailCarrier)
    except NotConfigured as error:
        ready = offering(MailCarrier)
        provider = all_providers().get(settings.MAIL_CARRIER)
        wanted = " and ".join(provider.missing()) if provider else ""
        mend = f"set MAIL_CARRIER={ready[0]}" if ready else "set MAIL_CARRIER=sendgrid, and its credentials"
        yield Finding("no mail leaves", str(error), "MAIL_CARRIER", f"set {wanted}" if wanted else mend)


def healing() -> Iterator[Finding]:
    """Where a vendor would tell what webhooks it has sent, it can be asked."""
    from integrations.ports import EventArchive
    from integrations.registry import all_providers

    for provider in all_providers().values():
        if provider.configured and provider.could_offer(EventArchive) and (lacking := provider.lacking(EventArchive)):
            trouble = f"{provider.name} deliveries cannot be healed"
            cause = "what gets lost on the way stays lost: we may not ask what was sent"
            yield Finding(trouble, cause, lacking[0], f"set {' and '.join(lacking)}", WARNING)


def answers() -> Iterator[Finding]:
    """Outside the sandbox, every configured vendor answers, and takes our key."""
    from django.conf import settings

    from integrations.registry import all_providers

    if settings.PATCHBAY_SANDBOX:
        return
    ready = {slug: provider for slug, provider in all_providers().items() if provider.configured}
    outcomes = within(SECONDS, {slug: provider.probe for slug, provider in ready.items()})
    for slug, outcome in outcomes.items():
        if isinstance(outcome, Exception):
            yield _what_became_of(ready[slug], outcome)


def _what_became_of(provider: Provider, error: Exception) -> Finding:
    from integrations.errors import NotFound, Permanent

    cause = str(error) or repr(error)
    names = [f"{provider.prefix}_{item.name}" for item in provider.credentials if "WEBHOOK" not in item.name]
    key = next(iter(names), f"{provider.prefix}_API_URL")
    if isinstance(error, Permanent) and not isinstance(error, NotFound):
        mend = f"make a new key in {provider.name}'s console and set {key}"
        return Finding(f"{provider.name} rejects our key", cause, key, mend)
    mend = f"curl -sv {provider.base_url} (and look at {provider.name}'s status page)"
    return Finding(f"{provider.name} does not answer as it should", cause, key, mend, WARNING)


THEME = Theme(
    "vendors",
    (
        Examination("sandbox", sandbox, ("settings",)),
        Examination("mode", mode, ("settings",)),
        Examination("secrets", secrets, ("settings",)),
        Examination("mail_carrier", mail_carrier, ("settings",)),
        Examination("healing", healing, ("settings",)),
        Examination("answers", answers, ("settings",), asks_vendors=True),
    ),
)

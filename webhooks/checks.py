"""System checks of limits: what would lock everybody out, or let everybody in, is said before it does."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from integrations.credentials import secret
from integrations.registry import all_providers
from webhooks.sources.plugin import rate_in


@register()
def limits_let_somebody_in(**_options: Any) -> list[CheckMessage]:
    """webhooks.E001: a rate below none or a burst of none; webhooks.E002: a negative number of proxies."""
    found: list[CheckMessage] = []
    if settings.PATCHBAY_API_RATE < 0 or settings.PATCHBAY_API_BURST < 1:
        hint = "PATCHBAY_API_RATE is requests a minute, 0 for no limit; PATCHBAY_API_BURST at least 1."
        found.append(Error("The API's limits would refuse every request.", hint=hint, id="webhooks.E001"))
    if settings.TRUSTED_PROXY_COUNT < 0:
        hint = "TRUSTED_PROXY_COUNT is how many proxies of yours each request comes through, 0 for none."
        found.append(Error("There cannot be fewer than no proxies.", hint=hint, id="webhooks.E002"))
    return found


@register()
def rates_of_sources_are_numbers(**_options: Any) -> list[CheckMessage]:
    """webhooks.E003: a `<SLUG>_WEBHOOK_RATE` that is no number of requests a second."""
    names = [f"{provider.prefix}_WEBHOOK_RATE" for provider in all_providers().values()]
    wrong = [name for name in names if rate_in(secret(name)) is None]
    hint = "It is requests a second that are taken from this source, 0 for no limit."
    return [Error(f"{name} is not a rate.", hint=hint, id="webhooks.E003") for name in wrong]

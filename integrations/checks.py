"""System checks of the border: a half-configured vendor, and live keys beside the sandbox, are errors."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from integrations.contract import Provider
from integrations.incidents import parse_hours
from integrations.registry import all_providers


@register()
def credentials(**_kwargs: Any) -> list[CheckMessage]:
    """All set = on, none = off, some = an error that names what is missing; so for what one port alone needs."""
    return [
        Error(
            f"{provider.name} is half configured: {', '.join(missing)} is not set.",
            hint=f"Set it (or the same name with _FILE), or unset the others to switch {what} off.",
            id="integrations.E001",
        )
        for provider in all_providers().values()
        for missing, what in ((_missing(provider), "the vendor"), (provider.half_set, "what they are for"))
        if missing
    ]


def _missing(provider: Provider) -> list[str]:
    missing = provider.missing()
    return missing if len(missing) < len(provider.required) else []


@register()
def live_keys(**_kwargs: Any) -> list[CheckMessage]:
    """The sandbox never runs beside a key that moves real money."""
    if not settings.PATCHBAY_SANDBOX:
        return []
    return [
        Error(
            f"{provider.prefix}_{item.name} is a live key, and PATCHBAY_SANDBOX is on.",
            hint="Unset PATCHBAY_SANDBOX to go live, or use the vendor's test key.",
            id="integrations.E002",
        )
        for provider in all_providers().values()
        for item in provider.credentials
        if item.live
        and provider.values()[item.name].startswith(item.live)
        and provider.values()[item.name] != item.sandbox
    ]


@register()
def quiet_hours(**_kwargs: Any) -> list[CheckMessage]:
    """Quiet hours that cannot be read are found now, not in the night they were meant for."""
    try:
        if settings.QUIET_HOURS:
            parse_hours(settings.QUIET_HOURS)
    except ValueError:
        return [
            Error(
                f"QUIET_HOURS={settings.QUIET_HOURS} cannot be read.",
                hint="Two hours of the day in UTC, such as 22-07; unset it for none.",
                id="integrations.E010",
            )
        ]
    return []

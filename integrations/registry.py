"""Which vendors there are: the listing of `providers/` is the registry, one module or package a vendor."""

import pkgutil
from functools import cache
from importlib import import_module
from math import inf

from integrations import providers
from integrations.contract import P, Provider
from integrations.errors import NotConfigured
from integrations.http.policy import policy_of
from integrations.http.state import state_of
from integrations.http.states import Mode, State


@cache
def all_providers() -> dict[str, Provider]:
    """Every plug-in by its slug, configured or not. A module's plug-in is its attribute `provider`."""
    found = {}
    for module in pkgutil.iter_modules(providers.__path__):
        provider = import_module(f"integrations.providers.{module.name}").provider
        if provider.slug != module.name:
            raise ValueError(f"the plug-in in providers/{module.name} calls itself {provider.slug!r}")
        found[module.name] = provider
    return found


def source(slug: str) -> Provider:
    """The configured plug-in that receives webhooks under `slug`; `NotConfigured` when there is none."""
    provider = all_providers().get(slug)
    if provider is None or not provider.receives or not provider.configured:
        raise NotConfigured(f"no webhook source {slug!r}")
    return provider


def port(slug: str, kind: type[P]) -> P:
    """What the configured vendor `slug` offers as `kind`; `NotConfigured` when it cannot."""
    provider = all_providers().get(slug)
    if provider is None or not provider.configured:
        raise NotConfigured(f"{slug!r} is not configured")
    return provider.port(kind)


def offering(kind: type) -> list[str]:
    """The slugs of the configured vendors that offer `kind`, in alphabetical order."""
    return sorted(slug for slug, provider in all_providers().items() if provider.offers(kind) and provider.configured)


def resting(slug: str) -> float:
    """Seconds for which nothing is asked of this vendor, because it fails or wants it so; 0 when it is.

    It is `inf` while staff hold the circuit open, for nobody knows until when.
    """
    look = state_of(slug).look()
    if look.mode is Mode.OPEN:
        return inf
    if look.mode is Mode.AUTO and look.state is State.OPEN:
        return look.opens_in
    return look.gate if look.gate > policy_of(slug).deadline else 0.0


def busy(slug: str) -> bool:
    """Whether it is the vendor that wants to be left alone, having too much to do, and not we who leave it."""
    look = state_of(slug).look()
    return look.effective is State.CLOSED and look.gate > 0

"""The border's own rows: what vendors did to us, and what we decided about it."""

from integrations.models.health import BreakerOrder, Incident, Probe, State, VendorHealth
from integrations.models.tokens import ProviderToken

__all__ = ["BreakerOrder", "Incident", "Probe", "ProviderToken", "State", "VendorHealth"]

"""The border's own rows: what vendors did to us, and what we decided about it."""

from integrations.models.calls import CallCount, CallFailure
from integrations.models.health import BreakerOrder, Incident, State, VendorHealth
from integrations.models.tokens import ProviderToken

__all__ = [
    "BreakerOrder",
    "CallCount",
    "CallFailure",
    "Incident",
    "ProviderToken",
    "State",
    "VendorHealth",
]

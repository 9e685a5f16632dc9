"""The border's own rows: what vendors did to us, and what we decided about it."""

from integrations.models.tokens import ProviderToken

__all__ = ["ProviderToken"]

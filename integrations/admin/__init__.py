"""The border's rows in the admin, one module per theme as in `integrations.models`."""

from integrations.admin import health, tokens

__all__ = ["health", "tokens"]

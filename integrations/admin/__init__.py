"""The border's rows in the admin, one module per theme as in `integrations.models`."""

from integrations.admin import calls, health, tokens

__all__ = ["calls", "health", "tokens"]

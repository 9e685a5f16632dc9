"""The border's own rows: what vendors did to us, and what we decided about it."""

from integrations.models.calls import CallCount, CallFailure

__all__ = ["CallCount", "CallFailure"]

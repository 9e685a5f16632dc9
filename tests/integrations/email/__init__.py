"""The mail outbox."""

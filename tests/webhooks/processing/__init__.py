"""Deliveries on their way to their effects."""

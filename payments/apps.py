"""Catalogue, cart, orders and payments."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        from payments import events, handlers, receivers, timeline  # noqa: F401  registering is their import

"""Everything durable that crosses the border."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "webhooks"

    def ready(self) -> None:
        from webhooks import announcements, checks, handlers, metrics  # noqa: F401  registering is their import

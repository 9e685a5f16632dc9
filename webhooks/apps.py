"""Everything durable that crosses the border."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "webhooks"

    def ready(self) -> None:
        from webhooks import checks, metrics  # noqa: F401  registering is their import
        from webhooks.endpoints import events  # noqa: F401
        from webhooks.processing import handlers  # noqa: F401
        from webhooks.watch import announcements  # noqa: F401

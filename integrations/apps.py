"""The border as a Django app: its system checks run with everybody else's."""

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "integrations"

    def ready(self) -> None:
        from integrations import checks  # noqa: F401  registers the checks
        from integrations.http import metrics  # noqa: F401  and the series

"""The composition root as an app, for its commands: run, demo, serve."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import celery, telemetry  # @shared_task needs the application

        del celery
        telemetry.start()

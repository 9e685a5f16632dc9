"""Events to browsers and programs, as they happen."""

from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    name = "realtime"

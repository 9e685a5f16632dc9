"""The vendors' stand-ins, for running with no account anywhere."""

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    name = "integrations.sandbox"
    label = "sandbox"

"""Mail as rows: written in the caller's transaction, carried by a vendor afterwards."""

from django.apps import AppConfig


class EmailConfig(AppConfig):
    name = "integrations.email"
    label = "email"

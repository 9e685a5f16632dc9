"""People, sessions, tokens and single sign-on."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import events, receivers, schema  # noqa: F401  registering is their import

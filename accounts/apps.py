"""People, sessions, tokens and single sign-on."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

"""The witness as a Django app."""

from django.apps import AppConfig


class Witness(AppConfig):
    """Beside the product's handlers once they are attached."""

    name = "tests.chaos"
    label = "chaos"

    def ready(self) -> None:
        from tests.chaos import witness  # noqa: F401  importing it attaches its handler

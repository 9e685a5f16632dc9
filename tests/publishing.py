"""Every event that a test's subject publishes, held to what the catalogue says of it."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator


@pytest.fixture
def true_to_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails where the data of a published event is not of its schema."""
    from webhooks.outbox import catalogue, publishing

    write = publishing._write

    def checked(event: Any, once: str) -> bool:
        Draft202012Validator(catalogue.catalogue()[event.name].schema()).validate(event.data)
        return write(event, once)

    monkeypatch.setattr(publishing, "_write", checked)

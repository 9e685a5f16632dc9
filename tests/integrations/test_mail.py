"""What the log says of a mail, by what became of it."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from integrations import registry
from integrations.email import services
from integrations.errors import Permanent, Retryable

pytestmark = pytest.mark.django_db(transaction=True)


class Backend:
    """Sends nothing, or fails as told."""

    def __init__(self, failure: Exception | None) -> None:
        self._failure = failure

    def send_messages(self, _messages: Any) -> None:
        if self._failure:
            raise self._failure


class Carrier:
    """A mail carrier around one backend."""

    def __init__(self, failure: Exception | None) -> None:
        self._failure = failure

    def backend(self) -> Backend:
        return Backend(self._failure)


@pytest.mark.parametrize(
    ("failure", "level", "state"),
    [
        (None, "info", "sent"),
        (Retryable("the carrier is away"), "warning", "sending"),
        (Permanent("the carrier says no"), "error", "failed"),
    ],
)
def test_the_log_says_how_bad_it_is(monkeypatch: Any, failure: Exception | None, level: str, state: str) -> None:
    monkeypatch.setattr(registry, "port", lambda _slug, _kind: Carrier(failure))
    services.write(to=["ada@example.com"], subject="Hello", text="Hello.")
    with capture_logs() as lines:
        services.carry()
    line = next(line for line in lines if line["event"] == "mail")
    assert (line["log_level"], line["state"]) == (level, state)
    assert line.get("error", "") == str(failure or "")

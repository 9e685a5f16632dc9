"""What the log says of a mail, by what became of it."""

from typing import Any

import pytest
from django.utils import timezone
from structlog.testing import capture_logs

from integrations import registry
from integrations.email import services
from integrations.email.models import Mail
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


def test_the_end_of_a_batch_whose_lease_is_over_is_left_to_whoever_takes_it_next(monkeypatch: Any) -> None:
    sent: list[str] = []

    class Slow(Carrier):
        """Takes longer for the first mail than the lease of all of them."""

        def backend(self) -> Any:
            return self

        def send_messages(self, messages: Any) -> None:
            sent.append(messages[0].subject)
            Mail.objects.update(due_at=timezone.now())
            for row in leased:
                row.due_at = timezone.now()

    leased: list[Mail] = []
    take = services._claim

    def claim() -> list[Mail]:
        leased[:] = take() if not leased else []
        return list(leased) if not sent else []

    monkeypatch.setattr(services, "_claim", claim)
    monkeypatch.setattr(registry, "port", lambda _slug, _kind: Slow(None))
    for number in range(3):
        services.write(to=["ada@example.com"], subject=f"mail {number}", text="Hello.")
    services.carry()
    assert sent == ["mail 0"]
    assert Mail.objects.exclude(state=Mail.State.SENT).count() == 2

"""A vendor whose probe does as it is told, for the tests of health."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations import incidents, observations
from integrations.contract import Credential, Provider
from integrations.http.local import LocalState
from integrations.http.observe import Attempt, attempted
from integrations.http.policy import Policy
from integrations.incidents import Announcement
from integrations.ports import PaymentGateway
from integrations.registry import all_providers

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NIGHT = datetime(2026, 11, 24, 2, tzinfo=UTC)
KEY = Credential(name="API_KEY", sandbox="key")
SECRET = Credential(name="WEBHOOK_SECRET", sandbox="secret")


def after(seconds: float, start: datetime = NOON) -> datetime:
    return start + timedelta(seconds=seconds)


@dataclass
class Patient:
    """The vendor `acme`: `error` is what its next probes raise, `asked` how often it was probed."""

    provider: Provider
    error: Exception | None = None
    asked: int = 0
    told: list[tuple[str, str, str]] = field(default_factory=list)

    def probe(self) -> None:
        self.asked += 1
        code = getattr(self.error, "code", "ok") if self.error else "ok"
        said = {"outcome": code, "excerpt": str(self.error or "")}
        attempted(Attempt(vendor="acme", operation="GET /probe", number=1, seconds=0.02, **said))
        if self.error:
            raise self.error

    def hear(self, announcement: Announcement) -> None:
        incident = announcement.incident
        self.told.append((announcement.name, incident.vendor, incident.kind))

    @property
    def events(self) -> list[str]:
        return [name.removeprefix("integration.") for name, _, _ in self.told]


@pytest.fixture
def acme(monkeypatch: Any) -> Patient:
    """The only vendor there is, with listeners and circuits of its own."""
    provider = Provider(slug="acme", name="Acme", api="https://api.acme.example", credentials=(KEY, SECRET))
    patient = Patient(provider)
    provider.health(patient.probe)
    monkeypatch.setattr(incidents, "_listeners", [patient.hear])
    found = all_providers()
    for slug in reversed(list(found)):  # put back in reverse, so that the order stays
        monkeypatch.delitem(found, slug)
    monkeypatch.setitem(found, "acme", provider)
    return patient


@pytest.fixture
def circuit(monkeypatch: Any) -> Callable[..., None]:
    """Makes every circuit look like this: `circuit(state="open", opens_in=17.2)`."""
    well = LocalState(Policy()).look()
    return lambda **seen: monkeypatch.setattr(observations, "look", lambda _vendor: replace(well, **seen))


@pytest.fixture
def takes_money(acme: Patient) -> None:
    acme.provider.provides(PaymentGateway)(object)

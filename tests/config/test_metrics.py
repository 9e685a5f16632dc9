"""Who may read /metrics, what is there, and that the page about it tells the truth."""

import re

import pytest
from django.test import Client

from config import access
from integrations.metrics import declared
from tests.topology import ROOT

PAGE = ROOT / "docs" / "metrics.md"


@pytest.fixture
def tokened(settings):
    settings.METRICS_TOKEN = "a-token-of-ours"
    return settings.METRICS_TOKEN


@pytest.mark.django_db
def test_this_machine_reads_it_in_prometheus_format(client):
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    assert "# TYPE patchbay_outbox_waiting gauge" in answer.content.decode()


@pytest.mark.parametrize("address", ["10.0.0.7", "203.0.113.9", "::ffff:8.8.8.8", "", "unix:"])
def test_another_machine_finds_nothing(client, address):
    answer = client.get("/metrics", REMOTE_ADDR=address)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_whoever_says_to_come_from_here_through_a_proxy_does_not(header):
    assert Client(headers={header: "127.0.0.1"}).get("/metrics").status_code == 404


@pytest.mark.parametrize(("name", "value"), [("ALLAUTH_TRUSTED_PROXY_COUNT", 1), ("BEHIND_PROXY", True)])
def test_behind_a_proxy_being_here_proves_nothing(client, settings, name, value):
    setattr(settings, name, value)
    assert client.get("/metrics").status_code == 404


@pytest.mark.django_db
def test_with_a_token_its_bearer_reads_it_from_anywhere(tokened):
    client = Client(headers={"Authorization": f"Bearer {tokened}", "X-Forwarded-For": "8.8.8.8"}, REMOTE_ADDR="8.8.8.8")
    assert client.get("/metrics").status_code == 200


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", "Basic {}", "{}", "Bearer {}x", "Bearer é"])
def test_with_a_token_nobody_else_does_not_even_from_here(tokened, given):
    answer = Client(headers={"Authorization": given.format(tokened)}).get("/metrics")
    assert (answer.status_code, answer["WWW-Authenticate"][:6]) == (401, "Bearer")
    assert answer.json()["code"] == "invalid_metrics_token"


def test_every_series_is_documented_and_every_documented_series_is_there():
    rows = re.findall(r"^\| `(patchbay_\w+)` \| (\w+) \| (.*?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    documented = {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert documented == {name: given for name, given in declared.items() if not name.startswith("patchbay_test_")}


@pytest.mark.django_db
def test_nothing_undeclared_is_exported(client):
    exported = re.findall(r"^# TYPE (\w+) (\w+)$", client.get("/metrics").content.decode(), re.MULTILINE)
    known = {(name.removesuffix("_total") if kind == "x" else name, kind) for name, (kind, _) in declared.items()}
    assert {item for item in exported if not item[0].startswith("patchbay_test_")} <= known


def test_a_request_is_counted_by_the_class_of_its_status(monkeypatch):
    counted = []
    monkeypatch.setattr(access.requests, "count", counted.append)
    for status in (0, 101, 204, 302, 404, 503):
        exchange = access.Exchange({"path": "/livez", "type": "http"}, None, "x" * 8)
        exchange._status = status
        exchange.end()
    assert counted == ["none", "1xx", "2xx", "3xx", "4xx", "5xx"]

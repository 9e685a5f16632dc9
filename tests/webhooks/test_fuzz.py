"""A short form of `python -m tests.webhooks.fuzz 100000`, and that it would notice."""

import pytest

from integrations.contract import Delivery
from integrations.errors import Refused
from integrations.registry import all_providers
from tests.integrations.genuine import know_certificates
from tests.webhooks.fuzz import fuzz

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _vendors(sandbox) -> None:
    know_certificates()


def test_nothing_breaks_the_door_and_no_forgery_is_stored() -> None:
    report = fuzz(2500)
    assert (report.broken, report.forged) == ([], [])
    assert report.stored > 250
    assert {slug for slug, status in report.answers if status == 200} == all_providers().keys()


def test_a_door_that_breaks_is_noticed(monkeypatch) -> None:
    monkeypatch.setattr("webhooks.inbox.ingest.storable", lambda _delivery: 1 / 0)
    report = fuzz(200)
    assert report.broken
    assert {status for _, status, _ in report.broken} == {"ZeroDivisionError('division by zero')"}


def test_a_plug_in_that_believes_anybody_is_noticed(monkeypatch) -> None:
    slack = all_providers()["slack"]
    genuine = slack._receive

    def gullible(inbound):
        try:
            return genuine(inbound)
        except Refused:
            return [Delivery(external_id=str(hash(inbound.body)), kind="x", body=inbound.body or b"{}")]

    monkeypatch.setattr(slack, "_receive", gullible)
    assert fuzz(200).forged

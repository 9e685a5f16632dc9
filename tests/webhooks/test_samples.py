"""`manage.py trigger`: every sample of every vendor, sent through real HTTP, is what our own door takes for genuine."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from integrations.registry import all_providers
from integrations.sandbox.samples import kinds
from integrations.sandbox.signing import SIGNERS
from tests.integrations.genuine import Request, know_certificates, receive
from tests.peers import Receiver

SAMPLES = [(slug, kind) for slug in SIGNERS for kind in kinds(slug)]


@pytest.mark.parametrize(("slug", "kind"), SAMPLES)
def test_a_sample_is_sent_as_its_vendor_sends_it_and_is_new_each_time(receiver: Receiver, slug: str, kind: str) -> None:
    know_certificates()
    for _ in range(2):
        call_command("trigger", slug, kind)
    received = [
        receive(all_providers()[slug], Request(one.body, one.headers), datetime.now(UTC)) for one in receiver.take(2)
    ]
    assert {one.kind for deliveries in received for one in deliveries} == {kind}
    if kind != "app_rate_limited":  # which has no id of its own
        assert len({one.external_id for deliveries in received for one in deliveries}) == 2


def test_any_data_may_be_set(receiver: Receiver) -> None:
    know_certificates()
    call_command("trigger", "ses", "Delivery", "--set", "delivery.recipients.0=eve@example.com")
    [one] = receiver.take()
    [delivery] = receive(all_providers()["ses"], Request(one.body, one.headers), datetime.now(UTC))
    [fact] = all_providers()["ses"].interpret(delivery.kind, delivery.body)
    assert fact.recipient == "eve@example.com"


@pytest.mark.django_db
def test_a_vendor_that_nobody_signs_for_is_told(tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"{}")
    for more, words in ((), "no sample"), (("--body", str(tmp_path / "body")), "can be signed here"):
        with pytest.raises(CommandError, match=words):
            call_command("trigger", "nobody", "x", *more)

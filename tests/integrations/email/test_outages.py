"""A mail and a failing carrier: whatever goes wrong, it is sent, and sent once."""

from typing import Any

import pytest
from django.utils import timezone

from integrations.email.models import Mail
from integrations.email.services import carry, write
from tests.faults import OUTAGE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("leaping")]

SEND, ASK = "POST /v3/mail/send", "GET /v3/messages"
FAULTS = ["status:500", "status:502", "status:503", "429:2", "timeout", "slow:0.05", "reset", "drop_reply", "garbage"]


@pytest.fixture
def mail(django_capture_on_commit_callbacks: Any) -> Mail:
    return write(to=["person@example.com"], subject="Subject", text="Text")


def carry_again(mail: Mail) -> str:
    """What a worker does when the mail is due; returns its state after that."""
    Mail.objects.filter(pk=mail.pk).update(due_at=timezone.now())
    assert carry() == 1
    mail.refresh_from_db()
    return mail.state


def carry_until_sent(mail: Mail, most: int = 4) -> None:
    """Carry until there is nothing left to do, and ask once more."""
    while carry_again(mail) != Mail.State.SENT:
        most -= 1
        assert most, mail.error
    assert carry() == 0


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("times", [1, 2])
def test_a_fault_in_passing_sends_the_mail_once(sandbox, fault, mail, name, times):
    fault("sendgrid", SEND, name, times)
    carry_until_sent(mail)
    assert len(sandbox.control("GET", "/mail")) == 1


@pytest.mark.parametrize("name", FAULTS)
def test_after_an_outage_the_mail_is_sent_once(sandbox, fault, mail, name):
    fault("sendgrid", "* *", name, OUTAGE)
    states = [carry_again(mail)] if name.startswith("slow") else [carry_again(mail) for _ in range(3)]
    assert set(states) == {Mail.State.SENT if name.startswith("slow") else Mail.State.SENDING}
    sandbox.control("DELETE", "/faults")
    if name.startswith("slow"):
        assert carry() == 0
    else:
        carry_until_sent(mail)
    assert len(sandbox.control("GET", "/mail")) == 1


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_sent_while_it_is_not_known_whether_it_was(sandbox, fault, mail, name):
    fault("sendgrid", SEND, "drop_reply", 1)
    assert carry_again(mail) == Mail.State.SENDING
    fault("sendgrid", ASK, name, OUTAGE)
    carry_again(mail)
    assert len(sandbox.control("GET", "/mail")) == 1
    sent = [entry for entry in sandbox.control("GET", "/requests?provider=sendgrid") if entry["method"] == "POST"]
    assert len(sent) == 1


def test_the_row_waits_at_least_as_long_as_the_carrier_asks(sandbox, fault, mail):
    fault("sendgrid", SEND, "429:40", 1)
    before = timezone.now()
    assert carry_again(mail) == Mail.State.SENDING
    assert (mail.due_at - before).total_seconds() >= 40
    assert carry() == 0

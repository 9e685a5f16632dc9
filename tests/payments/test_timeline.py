"""The path of an order from click to mail, whoever brought the news first."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.template.loader import render_to_string
from django.utils import timezone

from integrations.email.models import Mail
from payments.models import PaymentAttempt
from tests.webhooks.arrivals import arrive
from webhooks.management.commands.explain import explain
from webhooks.models import Delivery, OutboxEvent
from webhooks.path import timeline

pytestmark = pytest.mark.django_db


def said(source, kind, object_key, **facts):
    return arrive(
        kind,
        source=source,
        external_id=f"{kind} of {object_key}",
        object_key=object_key,
        request_id=f"r-{kind}-{object_key}"[:64],
        state="handled",
        handled_at=timezone.now(),
        facts=[{"fact": "Something", "source": source, **facts}] if facts else [],
    )


@pytest.fixture
def mail():
    return Mail.objects.create(sender="a@x.example", to=["b@x.example"], subject="Paid", text="x", about="order:1001")


@pytest.fixture
def path(attempt, mail):
    """An order whose return page won the race: no webhook shares a request id with its events."""
    PaymentAttempt.objects.update(transaction="pi_1", status="succeeded", settled_at=timezone.now())
    OutboxEvent.objects.create(name="order.created", about="order:1001", data={}, request_id="r-click-12345")
    OutboxEvent.objects.create(name="order.paid", about="order:1001", data={}, request_id="r-return-12345")
    said("stripe", "payment_intent.succeeded", "pi_1", reference="pi_1", attempt=str(attempt.pk))
    said("stripe", "checkout.session.completed", "cs_1")
    said("sendgrid", "delivered", str(mail.pk), mail=str(mail.pk))
    said("stripe", "checkout.session.completed", "cs_of_somebody_else")
    OutboxEvent.objects.create(name="order.paid", about="order:2002", data={}, request_id="r-other-12345")


WHOLE = {
    "order 1001 placed by person@example.com",
    "payment by stripe attempted",
    "stripe said payment_intent.succeeded",
    "stripe said checkout.session.completed",
    "sendgrid said delivered",
    "order.created",
    "order.paid",
    "mail written: Paid",
}


def titles(steps):
    return {step["title"] for step in steps}


def test_an_orders_path_has_every_delivery_about_its_payment_and_its_mail(path):
    steps = timeline.of_subject("order:1001")
    assert titles(steps) >= WHOLE
    assert "somebody_else" not in str(steps)
    assert "2002" not in str(steps)


@pytest.mark.parametrize("identifier", ["1001", "pi_1", "cs_1", "delivered of", "r-click-12345"])
def test_the_same_path_is_explained_whichever_of_its_ids_is_known(path, mail, identifier):
    steps = explain(f"delivered of {mail.pk}" if identifier == "delivered of" else identifier)
    assert titles(steps) >= WHOLE
    assert "somebody_else" not in str(steps)


def test_a_delivery_that_only_names_our_attempt_is_joined_by_it(path, attempt):
    stray = said("stripe", "payment_intent.processing", "pi_older", attempt=str(attempt.pk))
    assert titles(timeline.of_delivery(stray)) >= WHOLE | {"stripe said payment_intent.processing"}


def test_a_delivery_about_nothing_of_ours_stands_alone(path):
    stray = Delivery.objects.get(object_key="cs_of_somebody_else")
    assert titles(timeline.of_delivery(stray)) == {"stripe said checkout.session.completed", "delivery handled"}


def test_a_mail_about_nothing_is_shown_with_its_reports():
    mail = Mail.objects.create(sender="a@x.example", to=["b@x.example"], subject="Reset", text="x")
    bounced = said("sendgrid", "bounce", "sg.1", mail=str(mail.pk))
    OutboxEvent.objects.create(name="email.bounced", about=f"mail:{mail.pk}", data={})
    assert titles(timeline.of_delivery(bounced)) >= {"mail written: Reset", "email.bounced", "sendgrid said bounce"}


def told_of(attempt, **due):
    PaymentAttempt.objects.update(due_at=timezone.now() + timedelta(**due))
    (step,) = [step for step in timeline.of_subject("order:1001") if "will be looked up" in step["title"]]
    return step


def test_what_is_still_to_come_says_when_it_is_due(attempt):
    assert told_of(attempt, minutes=5, seconds=30)["due"] == "due in 5 min"
    assert told_of(attempt, minutes=-1)["due"] == "due now"


def test_what_has_happened_is_not_due(path):
    assert {step["due"] for step in timeline.of_subject("order:1001") if step["ok"] is not None} == {""}


def test_explain_and_the_console_mark_what_is_due(attempt):
    step = told_of(attempt, minutes=5, seconds=30)
    output = StringIO()
    call_command("explain", "1001", stdout=output)
    assert "due in 5 min  attempt" in output.getvalue()
    page = render_to_string("webhooks/console/_path.html", {"timeline": [step]})
    assert ">due in 5 min</time>" in page

"""What staff see and do with orders in the admin."""

import pytest
from django.urls import reverse

from integrations.email.models import Mail
from integrations.errors import CircuitOpen, Mismatch
from integrations.ports import PaymentState
from payments.models import Order, PaymentAttempt
from tests.payments.browsing import HOSTED, text

pytestmark = pytest.mark.django_db


def ask(admin_client, order):
    chosen = {"action": "ask_vendor", "_selected_action": [str(order.pk)]}
    return text(admin_client.post(reverse("admin:payments_order_changelist"), chosen, follow=True))


def test_what_the_payment_service_knows_is_learnt(admin_client, attempt, gateway):
    gateway.state = PaymentState.SUCCEEDED
    assert "1 order now shows what the payment service knows." in ask(admin_client, attempt.order)
    assert Order.objects.get().status == "paid"


@pytest.mark.parametrize(
    ("failure", "code"), [(CircuitOpen("left alone"), "circuit_open"), (Mismatch("1 is not 2"), "mismatch")]
)
def test_what_could_not_be_learnt_is_named(admin_client, attempt, gateway, failure, code):
    gateway.failure = failure
    page = ask(admin_client, attempt.order)
    assert f"Nothing could be learnt of 1001 ({code})" in page
    assert "now show" not in page


@pytest.mark.parametrize("status", ["created", "unknown"])
def test_a_payment_that_never_started_is_taken_up_too(admin_client, attempt, gateway, status):
    PaymentAttempt.objects.update(status=status, provider_reference="", redirect_url="")
    ask(admin_client, attempt.order)
    attempt.refresh_from_db()
    assert (attempt.status, attempt.redirect_url) == ("pending", HOSTED)


def test_amounts_are_shown_as_money(admin_client, attempt):
    for path in (
        reverse("admin:payments_order_change", args=[attempt.order.pk]),
        reverse("admin:payments_paymentattempt_changelist"),
        reverse("admin:payments_paymentattempt_change", args=[attempt.pk]),
    ):
        page = text(admin_client.get(path))
        assert "€38.00" in page, path
        assert "3800" not in page, path


def test_a_mail_can_be_read_and_not_deleted(admin_client):
    mail = Mail.objects.create(
        sender="a@example.com", to=["b@example.com"], subject="Hi", text="Hi.", html="<p>Ho.</p>"
    )
    page = admin_client.get(reverse("admin:email_mail_change", args=[mail.pk]))
    assert page.status_code == 200
    assert admin_client.post(reverse("admin:email_mail_delete", args=[mail.pk]), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in admin_client.get(reverse("admin:email_mail_changelist")).content.decode()
    assert Mail.objects.count() == 1

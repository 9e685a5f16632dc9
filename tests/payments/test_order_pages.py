"""An order's page: the truth about its payment, and nothing that is not known yet."""

import pytest

from accounts.models import User
from integrations.email.models import Mail
from integrations.errors import OutcomeUnknown
from integrations.ports import PaymentState
from payments.models import Order, PaymentAttempt
from tests.payments.browsing import text

pytestmark = pytest.mark.django_db


def test_a_settled_order_cannot_be_paid_again(signed_in, order):
    Order.objects.update(status=Order.Status.PAID)
    response = signed_in.post("/orders/1001/pay", follow=True)
    assert "This order is not waiting for a payment" in text(response)


def test_coming_back_before_the_confirmation_is_never_called_paid(signed_in, attempt, gateway):
    gateway.state = PaymentState.PROCESSING
    response = signed_in.get("/orders/1001?return=1")
    assert "We are waiting for the bank's confirmation; this page changes by itself." in text(response).replace(
        "&#x27;", "'"
    )
    assert "Paid. Thank you!" not in text(response)
    assert 'data-refresh-url="/orders/1001/status?return=1"' in response.content.decode()


def test_coming_back_with_no_webhook_at_all_shows_the_truth(signed_in, attempt, gateway):
    gateway.state = PaymentState.SUCCEEDED
    assert "Paid. Thank you!" in text(signed_in.get("/orders/1001?return=1"))


def test_coming_back_while_the_payment_service_is_silent_still_answers(signed_in, attempt, gateway):
    gateway.failure = OutcomeUnknown("no answer")
    assert "Waiting for your bank" in text(signed_in.get("/orders/1001?return=1"))


def test_only_coming_back_asks_the_payment_service(signed_in, attempt, gateway):
    gateway.state = PaymentState.SUCCEEDED
    assert "Waiting for your payment" in text(signed_in.get("/orders/1001"))
    assert "Waiting for your payment" in text(signed_in.get("/orders/1001/status"))


def test_a_decline_is_told_in_the_banks_words(signed_in, attempt, gateway):
    gateway.state = PaymentState.DECLINED
    response = signed_in.get("/orders/1001?return=1")
    assert "The payment did not go through" in text(response)
    assert "Your card was declined. Nothing was charged" in text(response)
    assert "Try the payment again" in text(response)


def test_what_broke_between_machines_is_not_told_to_people(signed_in, attempt):
    PaymentAttempt.objects.update(status=PaymentAttempt.Status.FAILED, failure="No such API key: sk_test_1")
    Order.objects.update(status=Order.Status.PAYMENT_FAILED)
    assert "sk_test_1" not in text(signed_in.get("/orders/1001"))


def test_the_mail_is_the_last_step(signed_in, order):
    Order.objects.update(status=Order.Status.PAID)
    assert "On its way to you" in text(signed_in.get("/orders/1001"))
    Mail.objects.create(about=order.about, to=["person@example.com"], subject="s", text="t", state=Mail.State.SENT)
    assert "Confirmation mailed To person@example.com" in text(signed_in.get("/orders/1001"))


def test_every_status_has_its_words(signed_in, order):
    for status in Order.Status:
        Order.objects.update(status=status)
        assert signed_in.get("/orders/1001").status_code == 200
        assert signed_in.get("/orders").status_code == 200


def test_somebody_elses_order_is_not_there(client, order):
    client.force_login(User.objects.create_user("other@example.com", "a-long-password"))
    for path in ("/orders/1001", "/orders/1001/status"):
        assert client.get(path).status_code == 404
    assert client.post("/orders/1001/pay").status_code == 404


def test_a_guest_who_continues_a_payment_comes_back_to_the_order(client):
    assert client.post("/orders/1001/pay")["Location"] == "/accounts/login/?next=/orders/1001"


def test_a_person_without_orders_is_led_on(signed_in):
    assert "No orders yet" in text(signed_in.get("/orders"))

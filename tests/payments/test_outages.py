"""A payment service that fails: what a person and a program are told, and that nothing of theirs is lost."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from structlog.testing import capture_logs

from integrations import registry
from integrations.errors import CircuitOpen, DeadlineExceeded, RateLimited, Retryable
from integrations.http.policy import policy_of
from integrations.http.state import state_of
from integrations.http.states import Mode, Outcome, Permit
from payments.models import CartItem, Order, PaymentAttempt
from payments.services.settlement import reconcile
from tests.faults import OUTAGE
from tests.integrations.vendor import nobody
from tests.payments.browsing import put, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("leaping")]

CREATE = "POST /v1/checkout/sessions"
SILENT = "The payment service does not answer"
BROKEN = "The payment service answers with an error of its own"
BUSY = "The payment service has too much to do"
LOCKED = "The payment service does not let us in"
REFUSES = "The payment service refused to start this payment"
TOLD = {
    # fault       status, code, title, Retry-After
    "status:500": (503, "vendor_unavailable", BROKEN, "5"),
    "status:502": (503, "vendor_unavailable", BROKEN, "5"),
    "status:503": (503, "vendor_unavailable", BROKEN, "5"),
    "garbage": (503, "vendor_unavailable", BROKEN, "5"),
    "reset": (503, "vendor_unavailable", SILENT, "5"),
    "drop_reply": (503, "vendor_unavailable", SILENT, "5"),
    "timeout": (503, "vendor_unavailable", SILENT, "5"),
    "unreachable": (503, "vendor_unavailable", SILENT, "5"),
    "429:40": (503, "vendor_busy", BUSY, "40"),
    "429:86400": (503, "vendor_busy", BUSY, "60"),
    "status:401": (502, "vendor_locked", LOCKED, None),
    "status:403": (502, "vendor_locked", LOCKED, None),
    "status:400": (502, "vendor_refused", REFUSES, None),
}


@pytest.fixture
def ail(fault, monkeypatch):
    """Make the payment service fail."""

    def order(name: str, times: int = OUTAGE) -> None:
        if name == "unreachable":
            monkeypatch.setenv("STRIPE_API_URL", nobody())
        else:
            fault("stripe", CREATE, name, times)

    return order


@pytest.fixture
def heal(sandbox, monkeypatch, leaping):
    """The payment service is well again, and its circuit and gate do not remember."""

    def heal() -> None:
        monkeypatch.delenv("STRIPE_API_URL", raising=False)
        sandbox.control("DELETE", "/faults")
        state_of("stripe").order(Mode.AUTO)
        leaping.sleep(60.0)

    return heal


def open_circuit() -> None:
    for _ in range(policy_of("stripe").breaker.minimum):
        permit = state_of("stripe").admit()
        assert isinstance(permit, Permit)
        state_of("stripe").record(permit, Outcome.FAILED, 0.1)


def check_out(client, **headers):
    return client.post("/api/v1/checkout", {"provider": "stripe"}, content_type="application/json", headers=headers)


def sessions(sandbox) -> int:
    key = {"Authorization": f"Bearer {registry.all_providers()['stripe'].secret('SECRET_KEY')}"}
    return len(sandbox.ask("GET", "/stripe/v1/checkout/sessions", headers=key).json()["data"])


@pytest.mark.parametrize("name", TOLD)
def test_a_person_is_told_what_ails_and_pays_the_kept_order_later(signed_in, cable, sandbox, ail, heal, name):
    put(signed_in)
    ail(name)
    page = signed_in.post("/checkout", {"provider": "stripe"}, follow=True)
    order = Order.objects.get()
    assert page.redirect_chain[-1][0] == f"/orders/{order.number}"
    assert f"{TOLD[name][2]}. Your order {order.number} is kept and nothing was charged." in text(page)
    assert "stripe" not in re.sub(r"https?://\S+", "", text(page)).lower()
    heal()
    again = signed_in.post(f"/orders/{order.number}/pay")
    assert again["Location"].startswith(sandbox.url)
    assert sessions(sandbox) == 1


@pytest.mark.parametrize("name", TOLD)
def test_a_program_is_told_by_code_and_when_to_come_back(signed_in, cable, sandbox, ail, heal, name):
    put(signed_in)
    ail(name)
    answer = check_out(signed_in, idempotency_key="key-1")
    order = Order.objects.get()
    told = answer.json()
    assert (answer.status_code, told["code"], told["title"], answer.get("Retry-After")) == TOLD[name]
    assert told["order"] == order.number
    heal()
    again = check_out(signed_in, idempotency_key="key-1")
    assert again.json()["payment"]["redirect_url"].startswith(sandbox.url)
    assert Order.objects.count() == sessions(sandbox) == 1


@pytest.mark.parametrize("name", [name for name in TOLD if name.startswith(("status:5", "reset", "drop", "garbage"))])
def test_a_fault_in_passing_is_not_noticed(signed_in, cable, sandbox, ail, name):
    put(signed_in)
    ail(name, times=1)
    assert signed_in.post("/checkout", {"provider": "stripe"})["Location"].startswith(sandbox.url)
    assert sessions(sandbox) == Order.objects.count() == 1


def test_a_key_spent_on_the_vendors_failure_is_followed_by_a_new_attempt(signed_in, cable, sandbox, ail):
    put(signed_in)
    ail("status:500", times=1)
    signed_in.post("/checkout", {"provider": "stripe"})
    states = list(PaymentAttempt.objects.values_list("status", flat=True))
    assert states == [PaymentAttempt.Status.FAILED, PaymentAttempt.Status.PENDING]


def test_a_spent_key_that_is_followed_by_another_is_no_error_in_the_log(signed_in, cable, sandbox, ail):
    put(signed_in)
    ail("status:500", 1)
    with capture_logs() as lines:
        assert check_out(signed_in).status_code == 201
    told = [(line["event"], line["log_level"]) for line in lines if line["event"].startswith("payment.")]
    assert told == [("payment.key_spent", "info")]


def test_a_vendor_that_spends_every_key_is_not_asked_for_ever(signed_in, cable, sandbox, ail):
    put(signed_in)
    ail("status:500")
    assert check_out(signed_in).status_code == 503
    assert PaymentAttempt.objects.count() == 2
    assert len(sandbox.control("GET", "/requests?provider=stripe")) == 4


def test_while_the_circuit_is_open_the_checkout_says_so_before_anybody_pays(signed_in, cable):
    put(signed_in)
    open_circuit()
    page = signed_in.get("/checkout")
    assert re.search(r"having trouble\. Your cart is kept\. Please come back in (2[7-9]|30) seconds\.", text(page))
    assert "Look again" in text(page)
    assert "Pay €19.00" not in text(page)


def test_while_the_circuit_is_open_no_order_is_made_of_the_cart(signed_in, cable, sandbox):
    put(signed_in)
    open_circuit()
    answer = check_out(signed_in)
    assert (answer.status_code, answer.json()["code"]) == (503, "vendor_resting")
    assert 27 <= int(answer["Retry-After"]) <= 30
    page = signed_in.post("/checkout", {"provider": "stripe"}, follow=True)
    assert "The payment service is having trouble. Your cart is kept" in text(page)
    assert (Order.objects.count(), CartItem.objects.count()) == (0, 1)
    assert sandbox.control("GET", "/requests?provider=stripe") == []


def test_after_the_rest_the_same_cart_is_paid(signed_in, cable, sandbox, leaping):
    put(signed_in)
    open_circuit()
    leaping.sleep(30.0)
    assert "Pay €19.00" in text(signed_in.get("/checkout"))
    assert signed_in.post("/checkout", {"provider": "stripe"})["Location"].startswith(sandbox.url)


def test_an_order_already_placed_says_when_its_payment_service_is_back(signed_in, attempt):
    PaymentAttempt.objects.update(status=PaymentAttempt.Status.UNKNOWN, redirect_url="")
    open_circuit()
    said = text(signed_in.get("/orders/1001"))
    assert "having trouble. Your order 1001 is kept and nothing was charged. Please come back in" in said
    assert "Look again" in said
    assert "Continue to payment" not in said
    answer = signed_in.post(f"/api/v1/orders/{attempt.order_id}/payments", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (503, "vendor_resting")
    assert answer.json()["order"] == "1001"


def test_another_way_of_paying_is_suggested_in_place_of_one_that_rests(signed_in, cable, monkeypatch):
    put(signed_in)
    monkeypatch.setattr(registry, "offering", lambda _kind: ["stripe", "github"])
    open_circuit()
    page = signed_in.get("/checkout").content.decode()
    assert re.search(r'value="github" required checked', page)
    assert "Having trouble, back in" in page
    assert "Pay €19.00" in page


@pytest.mark.parametrize(("mode", "rests"), [(Mode.OPEN, True), (Mode.WATCH, False), (Mode.CLOSED, False)])
def test_what_staff_order_is_what_the_checkout_says(signed_in, cable, mode, rests):
    put(signed_in)
    state_of("stripe").order(mode)
    assert ("having trouble" in text(signed_in.get("/checkout"))) is rests


def test_a_vendor_that_wants_to_be_left_alone_for_long_is(signed_in, cable, ail):
    put(signed_in)
    ail("429:40", times=1)
    check_out(signed_in)
    put(signed_in)
    assert "Please come back in 40 seconds" in text(signed_in.get("/checkout"))


def test_two_tries_of_a_payment_fit_into_one_page(settings):
    assert 2 * policy_of("stripe").deadline < settings.REQUEST_SECONDS
    assert 2 * policy_of("sendgrid").deadline < settings.LEASE_SECONDS


@pytest.mark.parametrize("status", [PaymentAttempt.Status.CREATED, PaymentAttempt.Status.PENDING])
def test_the_worker_asks_again_no_sooner_than_the_vendor_wants(attempt, gateway, status):
    gateway.failure = RateLimited("not now", 200.0)
    PaymentAttempt.objects.update(status=status)
    before = timezone.now()
    assert reconcile() == 1
    attempt.refresh_from_db()
    assert attempt.due_at - before >= timedelta(seconds=200)
    assert attempt.status == status
    assert reconcile() == 0


def test_a_hosted_page_that_is_there_already_is_gone_on_to_while_the_circuit_is_open(signed_in, attempt):
    open_circuit()
    assert "Continue to payment" in text(signed_in.get("/orders/1001"))
    assert signed_in.post("/orders/1001/pay")["Location"] == attempt.redirect_url


def test_while_staff_hold_the_circuit_open_nobody_is_promised_a_time(signed_in, cable, attempt):
    put(signed_in)
    PaymentAttempt.objects.update(status=PaymentAttempt.Status.UNKNOWN, redirect_url="")
    state_of("stripe").order(Mode.OPEN)
    assert "Please come back a little later." in text(signed_in.get("/checkout"))
    assert "Please come back a little later." in text(signed_in.get("/orders/1001"))
    begun = check_out(signed_in)
    assert begun.json()["detail"] == "Your cart is kept and nothing was charged. Come back a little later."
    resumed = signed_in.post(f"/api/v1/orders/{attempt.order_id}/payments", content_type="application/json")
    assert resumed.json()["detail"].endswith("Try the payment again a little later.")
    assert begun["Retry-After"] == resumed["Retry-After"] == "60"


def test_a_person_is_told_once_when_a_busy_payment_service_is_back(signed_in, cable, ail):
    put(signed_in)
    ail("429:86400")
    page = text(signed_in.post("/checkout", {"provider": "stripe"}, follow=True))
    assert re.findall(r"\d+ (?:seconds|minutes)", page) == ["60 seconds"]
    assert len(re.findall("payment service|kept", page)) == 2, "one sentence of what ails, one of the order"
    assert "too much to do. Your order" in page
    assert "Pay whenever you are ready" not in page


@pytest.mark.parametrize(("offered", "told"), [(["stripe"], False), (["github", "stripe"], True)])
def test_another_way_is_spoken_of_only_where_there_is_one(signed_in, cable, monkeypatch, offered, told):
    put(signed_in)
    monkeypatch.setattr(registry, "offering", lambda _kind: offered)
    open_circuit()
    assert ("pay another way" in check_out(signed_in).json()["detail"]) is told


@pytest.mark.parametrize(
    ("error", "level"),
    [(CircuitOpen, "info"), (RateLimited, "info"), (DeadlineExceeded, "info"), (Retryable, "warning")],
)
@pytest.mark.parametrize(("status", "event"), [("pending", "payment.not_settled"), ("created", "payment.not_started")])
def test_what_was_not_asked_is_no_warning(attempt, gateway, error, level, status, event):
    PaymentAttempt.objects.update(status=status)
    gateway.failure = error("not now")
    with capture_logs() as lines:
        reconcile()
    assert [line["log_level"] for line in lines if line["event"] == event] == [level]

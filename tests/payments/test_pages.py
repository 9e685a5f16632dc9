"""The shop's pages as a person's browser asks for them."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from django.template.loader import render_to_string
from django.test import Client

from accounts.models import User
from integrations import registry
from integrations.email.models import Mail
from integrations.errors import Timeout
from integrations.ports import PaymentRequest, PaymentSnapshot, PaymentStarted, PaymentState
from payments.models import CartItem, Order, OrderLine, PaymentAttempt, Product
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db

HOSTED = "https://checkout.example/pay/1"
FOR_GUESTS = [
    "/",
    "/products/cable",
    "/cart",
    "/docs/problems",
    "/api/docs",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/expired/",
    "/accounts/password/reset/key/1-expired/",
]
FOR_PEOPLE = [
    "/cart",
    "/checkout",
    "/orders",
    "/orders/1001",
    "/orders/1001/status",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/logout/",
]
FOR_STAFF = [
    "/console/deliveries",
    "/console/deliveries?fragment=1",
    "/console/deliveries?q=none",
    "/console/deliveries/7",
]


@dataclass
class Gateway:
    """A payment service that starts every payment, or fails as told, and knows one truth."""

    failure: Exception | None = None
    state: PaymentState = PaymentState.OPEN
    started: list[PaymentRequest] = field(default_factory=list)

    def start(self, request: PaymentRequest) -> PaymentStarted:
        if self.failure:
            raise self.failure
        self.started.append(request)
        return PaymentStarted(reference="cs_1", redirect_url=HOSTED)

    def fetch(self, reference: str) -> PaymentSnapshot:
        if self.failure:
            raise self.failure
        attempt = PaymentAttempt.objects.get(provider_reference=reference)
        return PaymentSnapshot(
            reference=reference,
            attempt=str(attempt.pk),
            state=self.state,
            amount=attempt.amount,
            captured=attempt.amount,
            currency=attempt.currency,
            failure="Your card was declined." if self.state is PaymentState.DECLINED else "",
        )


class Resources(HTMLParser):
    """Every inline script or style of a page, and every address it loads something from."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.loaded: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.inline += [name for name in given if name == "style" or name.startswith(("on", "hx-on"))]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        if "src" in given:
            self.loaded.append(given["src"])
        if tag == "link":
            self.loaded.append(given["href"])


@pytest.fixture
def cable():
    return Product.objects.create(slug="cable", name="Cable", description="Woven.", amount=1900)


@pytest.fixture
def person():
    return User.objects.create_user("person@example.com", "a-long-password")


@pytest.fixture
def signed_in(client, person):
    client.force_login(person)
    return client


@pytest.fixture
def gateway(monkeypatch):
    fake = Gateway()
    monkeypatch.setattr(registry, "port", lambda _slug, _kind: fake)
    return fake


@pytest.fixture
def order(person):
    order = Order.objects.create(number="1001", user=person, total_amount=3800, currency="EUR")
    OrderLine.objects.create(order=order, slug="cable", name="Cable", quantity=2, unit_amount=1900)
    return order


@pytest.fixture
def attempt(order):
    return PaymentAttempt.objects.create(
        order=order,
        provider="stripe",
        amount=3800,
        currency="EUR",
        status=PaymentAttempt.Status.PENDING,
        provider_reference="cs_1",
        redirect_url=HOSTED,
    )


def text(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def put(client, quantity="1", product="cable"):
    return client.post("/cart/items", {"product": product, "quantity": quantity}, follow=True)


def require_strict(response):
    assert response.status_code == 200
    assert "unsafe" not in response["Content-Security-Policy"]
    page = Resources(response.content.decode())
    assert page.inline == []
    assert all(address.startswith("/") and not address.startswith("//") for address in page.loaded), page.loaded


@pytest.mark.parametrize("path", FOR_GUESTS)
def test_a_guests_page_is_strict_about_what_it_loads(client, cable, path):
    require_strict(client.get(path, follow=True))


@pytest.mark.parametrize("path", FOR_PEOPLE)
def test_a_persons_page_is_strict_about_what_it_loads(signed_in, cable, order, path):
    put(signed_in)
    require_strict(signed_in.get(path))


@pytest.mark.parametrize("path", FOR_STAFF)
def test_a_console_page_is_strict_about_what_it_loads(admin_client, path):
    Delivery.objects.create(pk=7, source="github", external_id="d1", kind="ping", body=b"{}", headers={"a": "b"})
    require_strict(admin_client.get(path))


def test_the_test_of_strictness_can_fail():
    page = Resources('<p style="x"><a onclick="y"><script>z</script><style></style><img src="//cdn.example/a.png">')
    assert page.inline == ["style", "onclick", "script", "style"]
    assert page.loaded == ["//cdn.example/a.png"]


@pytest.mark.parametrize("path", ["/checkout", "/orders", "/orders/1001", "/orders/1001/status"])
def test_a_guest_is_asked_to_sign_in_and_comes_back(client, path):
    response = client.get(path)
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={path}")


def test_a_guest_who_continues_a_payment_comes_back_to_the_order(client):
    assert client.post("/orders/1001/pay")["Location"] == "/accounts/login/?next=/orders/1001"


def test_an_empty_catalogue_says_so(client):
    assert "The shelves are empty" in text(client.get("/"))


def test_an_empty_cart_leads_to_the_catalogue(client):
    response = client.get("/cart")
    assert "Your cart is empty" in text(response)
    assert "See the catalogue" in text(response)


def test_looking_at_pages_makes_no_session(client, cable):
    for path in ("/", "/cart", "/products/cable"):
        assert "sessionid" not in client.get(path).cookies


def test_a_person_without_orders_is_led_on(signed_in):
    assert "No orders yet" in text(signed_in.get("/orders"))


def test_a_guest_fills_a_cart(client, cable):
    response = put(client, "2")
    assert "Cable is in your cart." in text(response)
    assert "€38.00" in text(response)
    assert "2 in it" in text(client.get("/"))


def test_a_product_without_a_drawing_gets_the_neutral_one(client, cable):
    assert "payments/products/product.svg" in client.get("/products/cable").content.decode()


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        ("0", "Choose a quantity from 1 to 99."),
        ("1000000", "Choose a quantity from 1 to 99."),
        ("-1", "Choose a quantity from 1 to 99."),
        ("many", "Enter a whole number."),
        ("", "How many?"),
        ("9" * 5000, "Enter a whole number."),
    ],
)
def test_a_quantity_that_cannot_be_ordered_is_refused_beside_its_field(client, cable, quantity, words):
    response = put(client, quantity)
    assert response.status_code == 422
    assert words in text(response)
    assert 'aria-invalid="true"' in response.content.decode()


@pytest.mark.parametrize("product", ["nothing", "a\x00b", "", "../x"])
def test_a_product_nobody_sells_is_a_page_in_words(client, cable, product):
    response = put(client, product=product)
    assert response.status_code == 404
    assert "This cord leads nowhere" in text(response)


def test_a_quantity_in_the_cart_is_changed(client, cable):
    put(client)
    client.post(f"/cart/items/{CartItem.objects.get().pk}", {"quantity": "3"})
    assert CartItem.objects.get().quantity == 3


def test_a_bad_quantity_in_the_cart_is_refused_beside_its_field(client, cable):
    put(client)
    response = client.post(f"/cart/items/{CartItem.objects.get().pk}", {"quantity": "100"})
    assert response.status_code == 422
    assert "Choose a quantity from 1 to 99." in text(response)
    assert CartItem.objects.get().quantity == 1


def test_the_remove_button_removes_whatever_the_field_holds(client, cable):
    """The button's own value comes last, and the last value counts."""
    put(client)
    client.post(f"/cart/items/{CartItem.objects.get().pk}", {"quantity": ["nonsense", "0"]})
    assert not CartItem.objects.exists()


def test_an_item_removed_in_another_window_is_explained(client, cable):
    put(client)
    response = client.post("/cart/items/999999", {"quantity": "2"}, follow=True)
    assert "This is not in your cart" in text(response)


def test_a_strangers_item_cannot_be_changed(client, cable):
    put(client)
    Client().post(f"/cart/items/{CartItem.objects.get().pk}", {"quantity": "9"})
    assert CartItem.objects.get().quantity == 1


def test_a_product_no_longer_sold_keeps_the_cart_from_checking_out(client, cable):
    put(client)
    Product.objects.update(active=False)
    response = client.get("/cart")
    assert "No longer sold" in text(response)
    assert "/checkout" not in response.content.decode()


def test_checking_out_an_empty_cart_leads_back_to_it(signed_in):
    assert signed_in.get("/checkout")["Location"] == "/cart"


def test_paying_leads_to_the_hosted_page(signed_in, cable, gateway):
    put(signed_in, "2")
    response = signed_in.post("/checkout", {"provider": "stripe"})
    assert (response.status_code, response["Location"]) == (303, HOSTED)
    assert gateway.started[0].amount == 3800


def test_the_pay_button_pressed_twice_makes_one_order(signed_in, cable, gateway):
    put(signed_in)
    key = re.search(r'name="key" value="([^"]+)"', signed_in.get("/checkout").content.decode())[1]
    answers = [signed_in.post("/checkout", {"provider": "stripe", "key": key}) for _ in range(2)]
    assert [answer["Location"] for answer in answers] == [HOSTED, HOSTED]
    assert Order.objects.count() == 1


def test_an_old_checkout_page_leads_to_the_paid_order(signed_in, cable, gateway):
    put(signed_in)
    data = {"provider": "stripe", "key": "6f1c9b1e-7e0f-4d1e-9d55-0f3f4f9f7c11"}
    signed_in.post("/checkout", data)
    Order.objects.update(status=Order.Status.PAID)
    assert signed_in.post("/checkout", data)["Location"] == f"/orders/{Order.objects.get().number}"


def test_a_second_checkout_of_the_same_cart_leads_to_its_order(signed_in, cable, gateway):
    put(signed_in)
    signed_in.post("/checkout", {"provider": "stripe"})
    response = signed_in.post("/checkout", {"provider": "stripe"}, follow=True)
    assert response.redirect_chain[-1][0] == f"/orders/{Order.objects.get().number}"
    assert "You have checked out already" in text(response)


def test_a_way_of_paying_that_is_not_offered_is_refused(signed_in, cable):
    put(signed_in)
    response = signed_in.post("/checkout", {"provider": "barter"})
    assert response.status_code == 422
    assert "barter is not one of the available choices" in text(response)
    assert not Order.objects.exists()


def test_ways_of_paying_are_shown_only_when_there_is_a_choice(signed_in, cable, monkeypatch):
    put(signed_in)
    assert "How do you want to pay?" not in text(signed_in.get("/checkout"))
    monkeypatch.setattr(registry, "offering", lambda _kind: ["github", "stripe"])
    assert "How do you want to pay?" in text(signed_in.get("/checkout"))


def test_with_no_payment_service_there_is_no_button_but_a_sentence(signed_in, cable, monkeypatch):
    put(signed_in)
    monkeypatch.setattr(registry, "offering", lambda _kind: [])
    assert "No payment service is set up here yet" in text(signed_in.get("/checkout"))


def test_a_changed_price_is_shown_and_must_be_agreed_to(signed_in, cable, gateway):
    put(signed_in)
    Product.objects.update(amount=2100)
    refused = signed_in.post("/checkout", {"provider": "stripe"}, follow=True)
    assert "A price has changed" in text(refused)
    assert "€19.00 → €21.00" in text(refused)
    assert "Agree and pay €21.00" in text(refused)
    assert not Order.objects.exists()
    agreed = signed_in.post("/checkout", {"provider": "stripe", "total": "2100"})
    assert agreed["Location"] == HOSTED
    assert Order.objects.get().total_amount == 2100


def test_agreeing_to_a_total_that_changed_again_orders_nothing(signed_in, cable, gateway):
    put(signed_in)
    Product.objects.update(amount=2500)
    response = signed_in.post("/checkout", {"provider": "stripe", "total": "2100"}, follow=True)
    assert "A price has just changed again" in text(response)
    assert "Pay €25.00" in text(response)
    assert not Order.objects.exists()


def test_a_silent_payment_service_keeps_the_order_and_says_so(signed_in, cable, gateway):
    put(signed_in)
    gateway.failure = Timeout("no answer")
    response = signed_in.post("/checkout", {"provider": "stripe"}, follow=True)
    assert "The payment service does not answer" in text(response)
    assert "Continue to payment" in text(response)
    gateway.failure = None
    again = signed_in.post(f"/orders/{Order.objects.get().number}/pay")
    assert (again.status_code, again["Location"]) == (303, HOSTED)


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
    gateway.failure = Timeout("no answer")
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


def test_a_guests_cart_survives_signing_in(client, cable, person):
    person.emailaddress_set.create(email=person.email, verified=True, primary=True)
    put(client, "2")
    signed_in = {"login": person.email, "password": "a-long-password", "next": "/cart"}
    assert "€38.00" in text(client.post("/accounts/login/", signed_in, follow=True))


def test_the_sandbox_shows_itself_and_its_people(client, settings):
    assert "This is the sandbox" in text(client.get("/cart"))
    assert "patchbay-demo" in text(client.get("/accounts/login/"))
    settings.PATCHBAY_SANDBOX = False
    assert "This is the sandbox" not in text(client.get("/cart"))
    assert "patchbay-demo" not in text(client.get("/accounts/login/"))


def test_only_staff_are_shown_the_way_to_the_console(signed_in, admin_client):
    assert "/console/deliveries" not in signed_in.get("/").content.decode()
    assert "/console/deliveries" in admin_client.get("/").content.decode()


def test_the_page_for_a_broken_server_needs_nothing():
    assert "Something broke on our side" in render_to_string("500.html")


def test_a_stale_form_is_explained(cable):
    response = Client(enforce_csrf_checks=True).post("/cart/items", {"product": "cable", "quantity": "1"})
    assert response.status_code == 403
    assert "That page had grown old" in text(response)


def test_an_unknown_host_is_answered_in_words(client):
    response = client.get("/", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert "We could not make sense of this" in text(response)


def test_a_mail_says_what_was_bought_and_escapes_only_where_html_is():
    line = {"name": "Fish & <Chips>", "quantity": 2, "unit_amount": 950, "amount": 1900}
    total = {"amount": 1900, "currency": "EUR"}
    data = {"order": {"number": "1001", "total": total, "lines": [line], "url": "https://shop.example/orders/1001"}}
    subject, plain, html = (
        render_to_string(f"mail/order.paid.{part}", data) for part in ("subject.txt", "txt", "html")
    )
    assert subject.strip() == "Order 1001 is paid"
    assert "2 × Fish & <Chips>: €19.00" in plain
    assert "Fish &amp; &lt;Chips&gt;" in html
    assert 'href="https://shop.example/orders/1001"' in html

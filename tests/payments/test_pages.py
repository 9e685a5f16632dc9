"""Every page: strict about what it loads, and in human words when something is wrong."""

import pytest
from django.template.loader import render_to_string
from django.test import Client

from tests.payments.browsing import Resources, put, require_strict, text
from tests.webhooks.arrivals import arrive

pytestmark = pytest.mark.django_db

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
    "/console/deliveries/{pk}",
]


@pytest.mark.parametrize("path", FOR_GUESTS)
def test_a_guests_page_is_strict_about_what_it_loads(client, cable, path):
    require_strict(client.get(path, follow=True))


@pytest.mark.parametrize("path", FOR_PEOPLE)
def test_a_persons_page_is_strict_about_what_it_loads(signed_in, cable, order, path):
    put(signed_in)
    require_strict(signed_in.get(path))


@pytest.mark.parametrize("path", FOR_STAFF)
def test_a_console_page_is_strict_about_what_it_loads(admin_client, path):
    pk = arrive("ping", headers={"a": "b"}).pk
    require_strict(admin_client.get(path.format(pk=pk)))


def test_the_test_of_strictness_can_fail():
    page = Resources('<p style="x"><a onclick="y"><script>z</script><style></style><img src="//cdn.example/a.png">')
    assert page.inline == ["style", "onclick", "script", "style"]
    assert page.loaded == ["//cdn.example/a.png"]


@pytest.mark.parametrize("path", ["/checkout", "/orders", "/orders/1001", "/orders/1001/status"])
def test_a_guest_is_asked_to_sign_in_and_comes_back(client, path):
    response = client.get(path)
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={path}")


def test_an_empty_catalogue_says_so(client):
    assert "The shelves are empty" in text(client.get("/"))


def test_a_product_without_a_drawing_gets_the_neutral_one(client, cable):
    assert "payments/products/product.svg" in client.get("/products/cable").content.decode()


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


def test_codes_in_the_words_of_an_error_are_shown_as_code(client):
    page = client.get("/docs/problems").content.decode()
    assert "<code>changes</code> lists the old and new prices, <code>total</code>" in page
    assert "`" not in page


def test_the_link_for_a_forgotten_password_comes_after_its_field(client):
    page = client.get("/accounts/login/").content.decode()
    assert page.index('name="password"') < page.index("Forgot your password?")
    assert page.count("autofocus") == 1


def test_the_footer_leads_nobody_to_raw_answers(client):
    page = client.get("/").content.decode()
    assert "/readyz" not in page
    assert "/livez" not in page


def test_a_delivery_without_a_kind_can_still_be_opened(admin_client):
    arrive("")
    assert "(no kind)" in text(admin_client.get("/console/deliveries"))


def test_a_long_kind_breaks_between_its_words_and_stays_escaped(admin_client):
    arrive("a.b_<i>")
    assert "a.<wbr>b_<wbr>&lt;i&gt;" in admin_client.get("/console/deliveries").content.decode()

"""People themselves: made, signed up, demonstrated."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import IntegrityError, transaction

from accounts import demo
from accounts.models import User
from tests.accounts.conftest import make_person
from webhooks.models import OutboxEvent

pytestmark = pytest.mark.django_db


def test_an_address_is_one_person_in_any_case(person):
    assert User.objects.create_user("Bob@Example.com").email == "bob@example.com"
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(email="ALICE@example.com")])
    with pytest.raises(ValidationError, match="already"):
        User(email="ALICE@example.com", password="x").full_clean()


def test_a_person_needs_an_address(db):
    with pytest.raises(ValueError, match="address"):
        User.objects.create_user("")


def test_a_person_without_a_password_cannot_come_in(db):
    assert not User.objects.create_user("carol@example.com").has_usable_password()


def test_signing_up_on_the_page_is_told_and_mailed_under_our_name(client, db, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    client.post("/accounts/signup/", {"email": "Dora@Example.com", "password1": "a long enough one"})
    user = User.objects.get(email="dora@example.com")
    event = OutboxEvent.objects.get(name="user.signed_up")
    assert (event.about, event.user, event.recipient) == (f"user:{user.pk}", user, user.email)
    assert event.data["user"] == {"id": user.pk, "email": user.email, "name": ""}
    [sent] = mail.outbox
    assert not sent.subject.startswith("[")
    assert "testserver" not in sent.subject
    assert not EmailAddress.objects.get(user=user).verified


def test_the_demo_people_are_made_once_and_can_come_in(api):
    first, again = demo.people(), demo.people()
    assert first == again
    assert EmailAddress.objects.count() == User.objects.count() == 2
    assert api.sign_in("demo@example.com", "patchbay-demo").status_code == 200
    assert api.sign_in("admin@example.com", "patchbay-admin").status_code == 200
    assert (first[0].is_staff, first[1].is_staff, first[1].is_superuser) == (False, True, True)


def test_there_are_no_demo_people_outside_the_sandbox(settings):
    settings.PATCHBAY_SANDBOX = False
    with pytest.raises(ImproperlyConfigured):
        demo.people()
    assert not User.objects.exists()


def test_a_person_is_called_by_name_or_else_by_address(person):
    assert str(make_person("erik@example.com", name="Erik")) == "Erik"
    assert str(person) == "alice@example.com"

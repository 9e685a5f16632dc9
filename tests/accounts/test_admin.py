"""What staff see and do in the admin."""

import pytest
from django.urls import reverse

from accounts.models import SigningKey, User
from tests.accounts.conftest import is_problem, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client, db):
    client.force_login(make_person("admin@example.com", is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize("model", ["user", "session", "signingkey"])
def test_every_list_and_page_opens(staff, pair, session, model):
    assert staff.get(reverse(f"admin:accounts_{model}_changelist")).status_code == 200
    pk = {"user": session.user_id, "session": session.pk, "signingkey": SigningKey.objects.first().pk}[model]
    assert staff.get(reverse(f"admin:accounts_{model}_change", args=[pk])).status_code == 200


def test_the_private_key_is_not_shown(staff, pair):
    key = SigningKey.objects.first()
    page = staff.get(reverse("admin:accounts_signingkey_change", args=[key.pk])).content.decode()
    assert key.kid in page
    assert key.private_key not in page


def test_staff_make_a_person(staff):
    new = {"email": "New@example.com", "name": "New", "usable_password": "true"}
    passwords = {"password1": "a long enough one", "password2": "a long enough one"}
    addresses = {"emailaddress_set-TOTAL_FORMS": 0, "emailaddress_set-INITIAL_FORMS": 0}
    staff.post(reverse("admin:accounts_user_add"), new | passwords | addresses)
    assert User.objects.get(email="new@example.com").check_password("a long enough one")


def test_staff_set_a_password(staff, person):
    form = {"usable_password": "true", "password1": "another long one", "password2": "another long one"}
    staff.post(reverse("admin:auth_user_password_change", args=[person.pk]), form)
    person.refresh_from_db()
    assert person.check_password("another long one")


def test_staff_sign_a_program_out(staff, api, pair, session):
    chosen = {"action": "end", "_selected_action": [str(session.pk)]}
    staff.post(reverse("admin:accounts_session_changelist"), chosen)
    assert is_problem(api.get("/api/v1/me", pair["access_token"]), 401, "invalid_token")


def test_staff_retire_a_key(staff, pair):
    key = SigningKey.objects.order_by("number").first()
    chosen = {"action": "retire", "_selected_action": [str(key.pk)]}
    staff.post(reverse("admin:accounts_signingkey_changelist"), chosen)
    key.refresh_from_db()
    assert key.retired_at is not None

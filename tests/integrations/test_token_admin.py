"""What staff see of the tokens that vendors granted us, and what they never see."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts.models import User
from integrations.http import tokenrows
from integrations.models import ProviderToken

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_superuser(email="admin@example.com", password="x"))
    return client


@pytest.fixture
def row():
    tokenrows.connect("acme", "shop", refresh_token="refresh-0", access_token="access-0", life=3600)
    return ProviderToken.objects.get()


def test_the_list_and_the_page_say_how_it_stands_and_not_what_it_is(staff, row):
    for url in (
        reverse("admin:integrations_providertoken_changelist"),
        reverse("admin:integrations_providertoken_change", args=[row.pk]),
    ):
        page = staff.get(url).content.decode()
        assert "acme" in page
        for secret in ("refresh-0", "access-0", row.sealed):
            assert secret not in page
    assert "good" in staff.get(reverse("admin:integrations_providertoken_changelist")).content.decode()


def test_staff_forget_a_token_and_it_is_written_down(staff, row):
    url = reverse("admin:integrations_providertoken_changelist")
    staff.post(url, {"action": "forget", "_selected_action": [row.pk]})
    assert not ProviderToken.objects.exists()
    assert LogEntry.objects.get().object_repr == "acme shop"


def test_nobody_writes_a_token_by_hand(staff, row):
    assert staff.get(reverse("admin:integrations_providertoken_add")).status_code == 403
    assert staff.post(reverse("admin:integrations_providertoken_delete", args=[row.pk])).status_code == 403
    staff.post(reverse("admin:integrations_providertoken_change", args=[row.pk]), {"vendor": "evil"})
    assert ProviderToken.objects.get().vendor == "acme"


def test_staff_without_the_permission_cannot_forget(client, row):
    viewer = User.objects.create_user(email="viewer@example.com", password="x", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_providertoken"))
    client.force_login(viewer)
    client.post(
        reverse("admin:integrations_providertoken_changelist"), {"action": "forget", "_selected_action": [row.pk]}
    )
    assert ProviderToken.objects.exists()


@pytest.mark.parametrize(("minutes", "standing"), [(0, "good"), (58, "due"), (61, "expired")])
def test_a_row_stands_as_its_times_say(row, minutes, standing):
    assert row.standing(row.granted_at + timedelta(minutes=minutes)) == standing

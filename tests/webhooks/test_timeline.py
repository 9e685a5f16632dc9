"""Failed calls at a vendor are steps of the story they belong to."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from integrations.models import CallFailure

pytestmark = pytest.mark.django_db


@pytest.fixture
def failure():
    return CallFailure.objects.create(
        vendor="acme", operation="POST /things", status=503, outcome="vendor_unavailable", latency_ms=1200, attempt=2,
        request_id="request-0001", excerpt="come back later",
    )  # fmt: skip


def test_explain_tells_what_a_vendor_did_to_a_request(failure):
    output = StringIO()
    call_command("explain", "request-0001", "--json", stdout=output)
    (step,) = json.loads(output.getvalue())
    assert (step["kind"], step["ok"]) == ("call", False)
    assert step["title"] == "acme POST /things: vendor_unavailable"
    assert step["detail"] == "try 2, 1200 ms, answered 503 come back later"


def test_staff_find_a_failure_by_its_request_and_change_nothing(failure, admin_client):
    listing = admin_client.get("/admin/integrations/callfailure/", {"q": "request-0001", "vendor": "acme"})
    assert "POST /things" in listing.content.decode()
    assert "POST /things" not in admin_client.get("/admin/integrations/callfailure/?q=another").content.decode()
    assert admin_client.get("/admin/integrations/callfailure/add/").status_code == 403
    assert admin_client.post(f"/admin/integrations/callfailure/{failure.pk}/change/", {}).status_code == 403

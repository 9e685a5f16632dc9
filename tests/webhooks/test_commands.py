"""The commands about deliveries, and what they say to what they cannot do."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from webhooks.models import Delivery

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("identifier", ["9" * 25, "-1", "²"])
def test_replaying_what_cannot_be_an_id_finds_nothing(identifier: str) -> None:
    with pytest.raises(CommandError, match="no delivery fits"):
        call_command("replay", "--", identifier)


@pytest.mark.parametrize("moment", ["2026-02-30T00:00", "yesterday", "0001-01-01T00:00:00+14:00"])
def test_replaying_since_no_time_at_all_is_said_to_be_so(moment: str) -> None:
    with pytest.raises(CommandError, match="is not a time"):
        call_command("replay", "--since", moment)


def test_a_delivery_is_replayed_by_our_id_and_by_the_vendors(capsys: Any) -> None:
    row = Delivery.objects.create(source="github", external_id="d-1", kind="push", body=b"{}", state="dead")
    for identifier in (str(row.pk), "d-1"):
        Delivery.objects.update(state="dead")
        call_command("replay", identifier)
        row.refresh_from_db()
        assert row.state == "pending"

"""What the address of a page must not be."""

import pytest
from django.test import Client

from tests.payments.browsing import text
from tests.webhooks.arrivals import arrive
from webhooks.models import Intervention

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address",
    [
        "deliveries?q=a&q=b",
        "deliveries?q=a&fragment=1&before=1&before=2",
        "deliveries/export?q=a&q=b",
        "deliveries/order/replay?all=1&q=a&q=b",
        "endpoints?before=3&q=a&q=b",
        "rules/github?q=1&keep_days=1&q=2",
    ],
)
def test_a_parameter_that_is_there_twice_is_told_and_nothing_is_looked_for(staff: Client, address: str) -> None:
    page = staff.get(f"/console/{address}")
    assert page.status_code == 400
    assert "is there more than once" in text(page)
    assert not Intervention.objects.exists()


def test_many_deliveries_may_be_picked_in_one_address(staff: Client) -> None:
    picked = [arrive(external_id=name, state="dead").pk for name in "ab"]
    page = staff.get(f"/console/deliveries/order/replay?pick={picked[0]}&pick={picked[1]}")
    assert (page.status_code, "2 deliveries" in text(page)) == (200, True)

"""What our OpenAPI document says of paying: everything that may keep a payment from starting."""

import pytest
from drf_spectacular.generators import SchemaGenerator

ENDPOINTS = [
    ("/api/v1/checkout", {"201", "400", "401", "409", "422", "429", "502", "503"}),
    ("/api/v1/orders/{id}/payments", {"201", "400", "401", "404", "409", "422", "429", "502", "503"}),
]


@pytest.fixture(scope="module")
def document():
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.mark.parametrize(("path", "statuses"), ENDPOINTS)
def test_whatever_keeps_a_payment_from_starting_is_documented_as_a_problem(document, path, statuses):
    responses = document["paths"][path]["post"]["responses"]
    assert set(responses) == statuses
    for status in statuses - {"201"}:
        schema = responses[status]["content"]["application/problem+json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}


@pytest.mark.parametrize(("path", "statuses"), ENDPOINTS)
def test_an_answer_that_asks_for_patience_says_for_how_long(document, path, statuses):
    responses = document["paths"][path]["post"]["responses"]
    patient = {status for status in statuses if "Retry-After" in responses[status]["headers"]}
    assert patient == {"429", "503"}

"""What our OpenAPI document says of this app."""

import pytest
from drf_spectacular.generators import SchemaGenerator

ENDPOINTS = [
    ("/auth/login", "post", {"200", "400", "401", "429"}),
    ("/auth/refresh", "post", {"200", "400", "401", "429"}),
    ("/auth/logout", "post", {"204", "400", "401", "429"}),
    ("/.well-known/jwks.json", "get", {"200", "429"}),
    ("/api/v1/me", "get", {"200", "401", "429"}),
    ("/api/v1/sessions", "get", {"200", "401", "404", "429"}),
    ("/api/v1/sessions/{id}", "delete", {"204", "401", "404", "429"}),
]


@pytest.fixture(scope="module")
def document():
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.mark.parametrize(("path", "method", "statuses"), ENDPOINTS)
def test_every_answer_is_documented_and_every_error_is_a_problem(document, path, method, statuses):
    responses = document["paths"][path][method]["responses"]
    assert set(responses) == statuses
    for status in statuses - {"200", "204"}:
        schema = responses[status]["content"]["application/problem+json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}


def test_both_ways_to_prove_who_asks_are_documented(document):
    assert document["paths"]["/api/v1/me"]["get"]["security"] == [{"bearer": []}, {"cookie": []}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"

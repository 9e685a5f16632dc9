"""What our OpenAPI document says of the limits."""

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from openapi_spec_validator import validate


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


def responses(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [one["responses"] for operations in document["paths"].values() for one in operations.values()]


def test_the_document_is_valid_and_nothing_in_it_dangles(document: dict[str, Any]) -> None:
    validate(document)
    assert {"Problem"} <= set(document["components"]["schemas"])


def test_every_operation_may_refuse_and_says_when_to_come_back(document: dict[str, Any]) -> None:
    assert responses(document)
    for one in responses(document):
        assert "application/problem+json" in one["429"]["content"]
        assert set(one["429"]["headers"]) == {"RateLimit", "RateLimit-Policy", "Retry-After"}


def test_every_answer_tells_the_limits(document: dict[str, Any]) -> None:
    for one in responses(document):
        assert all({"RateLimit", "RateLimit-Policy"} <= set(response["headers"]) for response in one.values())

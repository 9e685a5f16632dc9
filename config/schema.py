"""What every operation in our OpenAPI document has in common: the limits it is under, and how its answers tell them."""

from collections.abc import Iterator
from typing import Any

from webhooks.api.problems import MEDIA_TYPE, TITLES

HEADERS = {
    "RateLimit-Policy": {
        "description": "How many requests (`q`) may be made in how many seconds (`w`).",
        "schema": {"type": "string", "examples": ['"default";q=100;w=60']},
    },
    "RateLimit": {
        "description": "How many requests are left now (`r`), and in how many seconds there is one more (`t`).",
        "schema": {"type": "string", "examples": ['"default";r=19;t=1']},
    },
}
RETRY_AFTER = {"description": "Seconds to wait before asking again.", "schema": {"type": "integer", "minimum": 1}}
WAIT = {"429", "503"}
REFUSED = {
    "description": TITLES[429],
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
TOLD = {name: {"$ref": f"#/components/headers/{name}"} for name in HEADERS}


def document_limits(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """drf-spectacular's hook: each operation may answer 429, and each answer tells the limits."""
    result.setdefault("components", {})["headers"] = HEADERS
    for responses in _responses(result):
        responses.setdefault("429", dict(REFUSED))
        for response in responses.values():
            response["headers"] = response.get("headers", {}) | TOLD
        for status in WAIT & responses.keys():
            responses[status]["headers"]["Retry-After"] = RETRY_AFTER
    return result


def _responses(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in result["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict) and "responses" in operation:
                yield operation["responses"]

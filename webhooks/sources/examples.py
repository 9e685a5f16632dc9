"""One source of each scheme, as our OpenAPI document shows them; the page docs/sources.md explains them."""

from typing import Any

NEW: dict[str, dict[str, Any]] = {
    "Standard Webhooks": {"slug": "acme", "scheme": "standard-webhooks"},
    "HMAC of the body": {
        "slug": "forge",
        "scheme": "hmac",
        "secrets": ["It's a Secret to Everybody"],
        "options": {"header": "X-Hub-Signature-256", "prefix": "sha256="},
        "id_from": ["header:X-Forge-Delivery", "body-hash"],
        "type_from": ["header:X-Forge-Event"],
        "object_from": ["body:repository.full_name"],
    },
    "HMAC of time and body": {
        "slug": "chat",
        "scheme": "hmac",
        "options": {
            "header": "X-Chat-Signature",
            "prefix": "v0=",
            "signed": "v0:{timestamp}:{body}",
            "timestamp_header": "X-Chat-Request-Timestamp",
        },
    },
    "HMAC in a list": {
        "slug": "pay",
        "scheme": "hmac",
        "options": {
            "header": "Pay-Signature",
            "signed": "{timestamp}.{body}",
            "signature_field": "v1",
            "timestamp_field": "t",
        },
    },
    "User name and password": {"slug": "erp", "scheme": "basic", "options": {"username": "erp"}},
    "A token": {"slug": "lab", "scheme": "bearer", "options": {"header": "X-Lab-Token"}},
    "Known addresses": {"slug": "plc", "scheme": "none", "options": {"addresses": ["192.0.2.0/24"]}},
}

SAMPLE: dict[str, Any] = {
    "headers": {"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
    "body": "Hello, World!",
}

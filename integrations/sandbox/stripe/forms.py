"""Stripe's nested form parameters, `line_items[0][price_data][currency]=eur`, as nested dicts and lists."""

import re
from typing import Any
from urllib.parse import parse_qsl

from integrations.sandbox.stripe.errors import StripeError

DEPTH = 12
MOST = 5000


def parse(text: str) -> dict[str, Any]:
    """The parameters of a form body or a query string. Every leaf is text; `a[]` and `a[0]` make lists."""
    root: dict[str, Any] = {}
    for name, value in _pairs(text):
        _put(root, [name.partition("[")[0], *re.findall(r"\[([^\]]*)\]", name)], value)
    return {name: _listed(value) for name, value in root.items()}


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST)
    except ValueError as error:
        raise StripeError(400, f"A request may have at most {MOST} parameters.") from error


def _put(node: dict[str, Any], path: list[str], value: str) -> None:
    if len(path) > DEPTH:
        raise StripeError(400, "The parameters are nested too deeply.")
    for step in path[:-1]:
        node = node.setdefault(step or str(len(node)), {})
        if not isinstance(node, dict):
            raise StripeError(400, f"Invalid parameters: {path[0]} is both a value and a hash.")
    node[path[-1] or str(len(node))] = value


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(item) for name, item in value.items()}
    if inner and all(name.isascii() and name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner

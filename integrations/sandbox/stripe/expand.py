"""Ids replaced by what they name, where the caller asks. https://docs.stripe.com/expand"""

from copy import deepcopy
from typing import Any

from integrations.sandbox.stripe.errors import invalid
from integrations.sandbox.stripe.ledger import Ledger

Json = dict[str, Any]
DEPTH = 4


def expanded(thing: Json, paths: list[str], ledger: Ledger) -> Json:
    """A copy of `thing` with the objects at the dotted `paths` in place of their ids."""
    copy = deepcopy(thing)
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEPTH:
            raise invalid("expand", f"You cannot expand more than {DEPTH} levels of a property. Property: {path}")
        _expand(copy, steps, path, ledger)
    return copy


def _expand(node: Any, steps: list[str], path: str, ledger: Ledger) -> None:
    if not steps or node is None:
        return
    if isinstance(node, list):
        for item in node:
            _expand(item, steps, path, ledger)
    elif isinstance(node, dict) and steps[0] in node:
        node[steps[0]] = _found(node[steps[0]], ledger)
        _expand(node[steps[0]], steps[1:], path, ledger)
    else:
        raise invalid("expand", f"This property cannot be expanded ({path}).")


def _found(value: Any, ledger: Ledger) -> Any:
    return deepcopy(ledger.find(value) or value) if isinstance(value, str) else value

"""Which function acts on which Fact. A handler asks vendors what it must, then returns the effect to commit.

The effect runs in the transaction that marks the delivery handled, so both happen or neither does.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from integrations.facts import Fact

Effect = Callable[[], object]
Handler = Callable[[Any], Effect | None]
H = TypeVar("H", bound=Handler)

_handlers: dict[type[Fact], Handler] = {}


def handles(fact: type[Fact]) -> Callable[[H], H]:
    """Make the decorated function the one that acts on `fact`."""

    def attach(handler: H) -> H:
        if fact in _handlers:
            raise ValueError(f"{fact.__name__} has a handler already")
        _handlers[fact] = handler
        return handler

    return attach


def effects_of(facts: list[Fact]) -> list[Effect]:
    """Ask each fact's handler for its effect; a fact that nobody handles has none."""
    found = (_handlers[type(fact)](fact) for fact in facts if type(fact) in _handlers)
    return [effect for effect in found if effect]

"""Which function acts on which Fact. A handler asks vendors what it must, then returns the effect to commit.

The effect runs in the transaction that marks the delivery handled, so both happen or neither does. When a transaction
of several fails, its effects are called once more, each in its own: an effect writes to the database and nowhere else.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from integrations.facts import Fact

Effect = Callable[[], object]
Handler = Callable[[Any], Effect | None]
H = TypeVar("H", bound=Handler)

_handlers: dict[type[Fact], Handler] = {}


def handles(fact: type[Fact]) -> Callable[[H], H]:
    """Make the decorated function act on `fact`, beside those that do already."""

    def attach(handler: H) -> H:
        earlier = _handlers.get(fact)
        _handlers[fact] = _both(earlier, handler) if earlier else handler
        return handler

    return attach


def _both(earlier: Handler, later: Handler) -> Handler:
    def handler(fact: Any) -> Effect:
        effects = [effect for effect in (earlier(fact), later(fact)) if effect]
        return lambda: [effect() for effect in effects]

    return handler


def effects_of(facts: list[Fact]) -> list[Effect]:
    """Ask each fact's handler for its effect; a fact that nobody handles has none."""
    found = (_handlers[type(fact)](fact) for fact in facts if type(fact) in _handlers)
    return [effect for effect in found if effect]

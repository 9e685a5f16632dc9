"""Parameters held to the official SDK's own types: what its `…Params` do not know, Stripe does not know either."""

import re
import types
import typing
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

from stripe import StripeContext
from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject
from typing_extensions import is_typeddict

from integrations.sandbox.stripe.errors import StripeError, invalid, missing_parameter, unknown_parameter

# The SDK passes these beside the parameters; they are no parameters themselves.
OPTIONS = frozenset(RequestOptions.__annotations__)
INTEGER = re.compile(r"-?[0-9]{1,18}")
NAMES = {**vars(typing), "StripeContext": StripeContext}


def read(params: dict[str, Any], shape: type) -> dict[str, Any]:
    """The parameters with their leaves as numbers and flags, or a `StripeError` that names the one that is wrong."""
    return _object(params, shape, "")


def _object(value: dict[str, Any], shape: type, where: str) -> dict[str, Any]:
    fields = _fields(shape)
    for name in value:
        if name not in fields:
            raise unknown_parameter(_inside(where, name))
    for name in shape.__required_keys__:  # type: ignore[attr-defined]
        if name not in value:
            raise missing_parameter(_inside(where, name))
    return {name: _value(item, fields[name], _inside(where, name)) for name, item in value.items()}


@cache
def _fields(shape: type) -> dict[str, Any]:
    hints = get_type_hints(shape, localns=NAMES, include_extras=True)
    return {name: hint for name, hint in hints.items() if name not in OPTIONS}


def _inside(where: str, name: str) -> str:
    return f"{where}[{name}]" if where else name


def _value(value: Any, hint: Any, where: str) -> Any:
    origin = get_origin(hint)
    if origin in (NotRequired, Required):
        return _value(value, get_args(hint)[0], where)
    if origin in (Union, types.UnionType):
        return _one_of(value, get_args(hint), where)
    if origin is Literal:
        return _choice(value, get_args(hint), where)
    if is_typeddict(hint) or origin in (dict, UntypedStripeObject):
        return _hash(value, hint, where)
    if origin is list:
        return _array(value, get_args(hint)[0], where)
    return _leaf(value, hint, where)


def _one_of(value: Any, hints: tuple[Any, ...], where: str) -> Any:
    # The SDK leaves every choice open (`Literal[…] | str`) for values to come; Stripe does not.
    if any(get_origin(hint) is Literal and get_args(hint) != ("",) for hint in hints):
        hints = tuple(hint for hint in hints if hint is not str)
    problem: StripeError | None = None
    for hint in hints:
        try:
            return _value(value, hint, where)
        except StripeError as error:
            problem = problem if get_args(hint) == ("",) else error
    raise problem or invalid(where, f"Invalid {where}")


def _choice(value: Any, choices: tuple[str, ...], where: str) -> Any:
    if value not in choices:
        *rest, last = map(str, choices)
        words = f"{', '.join(rest)}, or {last}" if rest else last
        raise invalid(where, f"Invalid {where}: must be one of {words}")
    return value


def _hash(value: Any, hint: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid(where, f"Invalid hash: {where}", code="parameter_invalid_hash")
    if is_typeddict(hint):
        return _object(value, hint, where)
    return {name: _value(item, get_args(hint)[-1], _inside(where, name)) for name, item in value.items()}


def _array(value: Any, hint: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise invalid(where, f"Invalid array: {where}", code="parameter_invalid_array")
    return [_value(item, hint, _inside(where, str(index))) for index, item in enumerate(value)]


def _integer(text: str) -> int:
    # Python reads more than Stripe does: underscores, spaces, digits of other scripts.
    if not INTEGER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _flag(text: str) -> bool:
    return {"true": True, "false": False}[text]


READERS: dict[Any, tuple[str, Callable[[str], Any]]] = {
    int: ("integer", _integer),
    bool: ("boolean", _flag),
    float: ("number", Decimal),
    Decimal: ("decimal", Decimal),
    str: ("string", str),
}


def _leaf(value: Any, hint: Any, where: str) -> Any:
    name, reader = READERS.get(hint, READERS[str])
    try:
        if not isinstance(value, str):
            raise ValueError(where)
        return reader(value)
    except (ValueError, KeyError, InvalidOperation) as error:
        raise invalid(where, f"Invalid {name}: {value}", code=f"parameter_invalid_{name}") from error

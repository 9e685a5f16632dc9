"""The sandbox's objects have the shapes that the official SDK declares: no field more, none of the required less."""

from types import UnionType
from typing import Any, ClassVar, Literal, Union, get_args, get_origin

import pytest
import stripe
from stripe._stripe_object import StripeObject

from tests.sandbox.conftest import KEY

MISFIT = object()


def misfits(value: Any, hint: Any, where: str) -> list[str]:
    """Where `value` is not what `hint` says, as paths."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        closed = any(get_origin(one) is Literal for one in get_args(hint))
        choices = [one for one in get_args(hint) if not (closed and one is str)]
        return min((misfits(value, one, where) for one in choices), key=len)
    if origin is Literal:
        return [] if value in get_args(hint) else [f"{where}: {value!r} is not one of {get_args(hint)}"]
    if origin is list:
        items = value if isinstance(value, list) else [MISFIT]
        return [line for item in items for line in misfits(item, get_args(hint)[0], f"{where}[]")]
    if isinstance(hint, type) and issubclass(hint, StripeObject) and hint.__module__ != "stripe._stripe_object":
        return object_misfits(value, hint, where) if isinstance(value, dict) else [f"{where}: no object"]
    if hint in (int, str, bool, type(None)):
        return [] if type(value) is hint else [f"{where}: {value!r} is no {hint.__name__}"]
    return []


def object_misfits(value: dict[str, Any], shape: type, where: str) -> list[str]:
    hints = {name: hint for name, hint in shape.__annotations__.items() if get_origin(hint) is not ClassVar}
    strange = [f"{where}.{name}: unknown to the SDK" for name in value.keys() - hints.keys()]
    needed = {name for name, hint in hints.items() if type(None) not in get_args(hint)}
    missing = [f"{where}.{name}: missing" for name in needed - value.keys()]
    wrong = [line for name in value.keys() & hints for line in misfits(value[name], hints[name], f"{where}.{name}")]
    return strange + missing + wrong


@pytest.fixture
def objects(sandbox, client, session, pay):
    """One of each, by the SDK's class, as the wire carries them."""

    def get(path: str) -> Any:
        return sandbox.ask("GET", f"/stripe/v1{path}", headers={"Authorization": f"Bearer {KEY}"}).json()

    declined = pay(session, card="4000000000000002")["payment_intent"]
    failed = get(f"/payment_intents/{declined}")
    pay(session)
    intent = get(f"/payment_intents/{declined}")
    refund = client.v1.refunds.create({"payment_intent": declined})
    return [
        (stripe.checkout.Session, get(f"/checkout/sessions/{session.id}")),
        (stripe.PaymentIntent, failed),
        (stripe.PaymentIntent, intent),
        (stripe.PaymentMethod, failed["last_payment_error"]["payment_method"]),
        (stripe.Charge, get(f"/charges/{failed['latest_charge']}")),
        (stripe.Charge, get(f"/charges/{intent['latest_charge']}")),
        (stripe.Refund, get(f"/refunds/{refund.id}")),
        (stripe.LineItem, get(f"/checkout/sessions/{session.id}/line_items")["data"][0]),
        (stripe.Event, get("/events")["data"][0]),
        (stripe.Balance, get("/balance")),
    ]


def test_every_object_fits_the_sdks_type(objects):
    assert [line for shape, value in objects for line in object_misfits(value, shape, shape.__name__)] == []


def test_a_misfit_is_seen(objects):
    session = {**objects[0][1], "colour": "green", "amount_total": "38.00", "status": 5}
    del session["created"]
    assert len(object_misfits(session, stripe.checkout.Session, "Session")) == 4

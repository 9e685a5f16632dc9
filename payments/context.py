"""What every page's header knows of the shop."""

from typing import Any

from django.http import HttpRequest

from payments.services import carts
from payments.services.carts import Owner


def cart(request: HttpRequest) -> dict[str, Any]:
    """`cart_count`: how many things are in the cart; nothing is asked until a template shows it."""

    def count() -> int:
        # A request refused by an early middleware has met neither session nor person.
        return carts.count(Owner.of(request, create=False)) if hasattr(request, "user") else 0

    return {"cart_count": count}

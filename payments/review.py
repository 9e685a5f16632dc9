"""The cart as its pages show it: at today's prices, and honest about which of them have changed."""

from dataclasses import dataclass
from typing import Self

from payments.models import Cart, CartItem, Product


@dataclass(frozen=True)
class Row:
    """One item at today's price."""

    item: CartItem

    @property
    def product(self) -> Product:
        return self.item.product

    @property
    def amount(self) -> int:
        """Quantity times today's price, in minor units."""
        return self.item.quantity * self.product.amount

    @property
    def changed(self) -> bool:
        return self.item.unit_amount != self.product.amount

    @property
    def sellable(self) -> bool:
        return self.product.active and not self.product.recurring


@dataclass(frozen=True)
class Review:
    """The whole cart; falsy when there is nothing in it."""

    rows: list[Row]

    @classmethod
    def of(cls, cart: Cart | None) -> Self:
        return cls([Row(item) for item in cart.items.all()] if cart else [])

    def __bool__(self) -> bool:
        return bool(self.rows)

    @property
    def total(self) -> int:
        return sum(row.amount for row in self.rows)

    @property
    def currency(self) -> str:
        return self.rows[0].product.currency if self.rows else ""

    @property
    def changes(self) -> list[Row]:
        return [row for row in self.rows if row.changed]

    @property
    def sellable(self) -> bool:
        return all(row.sellable for row in self.rows)

"""The cart: a guest's by the key in their session, a person's by who they are, one when a guest signs in."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.http import HttpRequest

from payments import problems
from payments.models import Cart, CartItem, Product

MAX_QUANTITY = 99
MAX_ITEMS = 50
SESSION_KEY = "cart"


@dataclass(frozen=True)
class Owner:
    """Whose cart: exactly one of the two is given."""

    user: Any = None
    key: UUID | None = None

    @classmethod
    def of(cls, request: HttpRequest, *, create: bool = True) -> "Owner":
        """The person, or the guest by the key in the session; `create` gives a guest a key."""
        if request.user.is_authenticated:
            return cls(user=request.user)
        if SESSION_KEY not in request.session and create:
            request.session[SESSION_KEY] = uuid4().hex
        key = request.session.get(SESSION_KEY)
        return cls(key=UUID(key) if key else None)

    @property
    def lookup(self) -> dict[str, Any]:
        return {"user": self.user} if self.user else {"key": self.key}


def find(owner: Owner) -> Cart | None:
    """The owner's cart with its items and their products, if there is one."""
    if not owner.user and not owner.key:
        return None
    return Cart.objects.filter(**owner.lookup).prefetch_related("items__product").first()


def count(owner: Owner) -> int:
    """How many things are in the cart."""
    cart = find(owner)
    return sum(item.quantity for item in cart.items.all()) if cart else 0


def add(owner: Owner, slug: str, quantity: int) -> CartItem:
    """Put `quantity` more of a product into the cart."""
    product = Product.objects.filter(slug=slug, active=True).first()
    if product is None:
        raise problems.unknown_product(slug)
    _require_quantity(quantity)
    with transaction.atomic():
        cart = locked(owner)
        item = cart.items.filter(product=product).first()
        if item is None:
            if cart.items.count() >= MAX_ITEMS:
                raise problems.cart_full(MAX_ITEMS)
            item = CartItem(cart=cart, product=product, quantity=0, unit_amount=product.amount)
        _require_quantity(item.quantity + quantity)
        item.quantity += quantity
        item.save()
        return item


def change(owner: Owner, item_id: int, quantity: int) -> None:
    """Set the quantity of an item."""
    _require_quantity(quantity)
    with transaction.atomic():
        if not locked(owner).items.filter(pk=item_id).update(quantity=quantity):
            raise problems.cart_item_unknown()


def remove(owner: Owner, item_id: int) -> None:
    """Take an item out."""
    with transaction.atomic():
        if not locked(owner).items.filter(pk=item_id).delete()[0]:
            raise problems.cart_item_unknown()


def merge(guest: UUID, user: Any) -> None:
    """Give a guest's cart to the person who has just signed in; of a product in both, the larger quantity stays."""
    with transaction.atomic():
        source = Cart.objects.select_for_update().filter(key=guest).first()
        if source is None:
            return
        target = locked(Owner(user=user))
        for item in source.items.all():
            _merge_item(item, target)
        source.delete()


def _merge_item(item: CartItem, target: Cart) -> None:
    twin = target.items.filter(product=item.product_id).first()
    if twin is None:
        target.items.create(product_id=item.product_id, quantity=item.quantity, unit_amount=item.unit_amount)
    elif twin.quantity < item.quantity:
        twin.quantity = item.quantity
        twin.save(update_fields=["quantity"])


def locked(owner: Owner) -> Cart:
    """The owner's cart, made if need be and locked until the transaction ends."""
    Cart.objects.get_or_create(**owner.lookup)
    return Cart.objects.select_for_update().get(**owner.lookup)


def _require_quantity(quantity: int) -> None:
    if not 1 <= quantity <= MAX_QUANTITY:
        raise problems.bad_quantity(MAX_QUANTITY)

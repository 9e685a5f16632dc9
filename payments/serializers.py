"""The shapes of the shop's API."""

from typing import Any

from rest_framework import serializers

from integrations import money
from payments.models import Order, PaymentAttempt, Product
from payments.review import Row


class MoneySerializer(serializers.Serializer[Any]):
    amount = serializers.IntegerField(help_text="Minor units, e.g. cents.")
    currency = serializers.CharField(min_length=3, max_length=3)


class ProductSerializer(serializers.ModelSerializer[Product]):
    price = serializers.SerializerMethodField()

    class Meta:
        model = Product
        fields = ["id", "slug", "name", "description", "price", "recurring"]

    def get_price(self, product: Product) -> MoneySerializer:
        return money.as_json(product.amount, product.currency)  # type: ignore[return-value]


class NewItemSerializer(serializers.Serializer[Any]):
    product = serializers.CharField(max_length=200, help_text="The product's slug.")
    quantity = serializers.IntegerField(default=1)


class QuantitySerializer(serializers.Serializer[Any]):
    quantity = serializers.IntegerField()


class CartItemSerializer(serializers.Serializer[Row]):
    id = serializers.IntegerField(source="item.pk")
    product = serializers.CharField(source="product.slug")
    name = serializers.CharField(source="product.name")
    quantity = serializers.IntegerField(source="item.quantity")
    unit_amount = serializers.IntegerField(source="product.amount", help_text="Today's price, in minor units.")
    seen_amount = serializers.IntegerField(source="item.unit_amount", help_text="The price when it was put in.")
    changed = serializers.BooleanField(help_text="Whether the two differ: check out with the cart's `total` to agree.")
    amount = serializers.IntegerField(help_text="Quantity times today's price.")
    currency = serializers.CharField(source="product.currency")


class CartSerializer(serializers.Serializer[Any]):
    items = CartItemSerializer(many=True)
    total = MoneySerializer(allow_null=True)


class CheckoutSerializer(serializers.Serializer[Any]):
    provider = serializers.SlugField(max_length=40, help_text="`stripe`, or another vendor that is configured.")
    total = serializers.IntegerField(
        required=False, help_text="The total you agree to, in minor units. Needed once a price has changed."
    )


class NothingSerializer(serializers.Serializer[Any]):
    """A body that says nothing."""


class OrderLineSerializer(serializers.Serializer[Any]):
    product = serializers.CharField(source="slug")
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_amount = serializers.IntegerField()
    amount = serializers.IntegerField()


class OrderSerializer(serializers.ModelSerializer[Order]):
    total = serializers.SerializerMethodField()
    lines = OrderLineSerializer(many=True)

    class Meta:
        model = Order
        fields = ["id", "number", "status", "total", "lines", "created_at", "paid_at"]

    def get_total(self, order: Order) -> MoneySerializer:
        return money.as_json(order.total_amount, order.currency)  # type: ignore[return-value]


class PaymentSerializer(serializers.ModelSerializer[PaymentAttempt]):
    class Meta:
        model = PaymentAttempt
        fields = ["id", "provider", "status", "redirect_url", "provider_reference", "failure"]


class StartedSerializer(serializers.Serializer[Any]):
    order = OrderSerializer()
    payment = PaymentSerializer()


class TimelineEntrySerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    ok = serializers.BooleanField(allow_null=True)

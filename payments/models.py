"""The nouns of selling: products, carts, orders and the attempts to pay for them."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class Product(models.Model):
    """Something for sale; `amount` is its price in minor units."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    amount = models.PositiveIntegerField()
    currency = models.CharField(max_length=3, default="EUR")
    recurring = models.BooleanField(default=False)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(amount__gt=0), name="product_has_a_price")]

    def __str__(self) -> str:
        return self.name


class Cart(models.Model):
    """What somebody means to buy: a person's, or a guest's under the key in their session."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE)
    key = models.UUIDField(unique=True, null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=True) ^ models.Q(key__isnull=True), name="cart_has_one_owner"
            )
        ]

    def __str__(self) -> str:
        return f"cart {self.pk}"


class CartItem(models.Model):
    """One product in a cart; `unit_amount` is the price the person has seen."""

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="items")
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    quantity = models.PositiveIntegerField()
    unit_amount = models.PositiveIntegerField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["cart", "product"], name="product_once_a_cart"),
            models.CheckConstraint(condition=models.Q(quantity__gte=1, quantity__lte=99), name="quantity_in_bounds"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_id}"

    @property
    def amount(self) -> int:
        return self.quantity * self.unit_amount


class Order(models.Model):
    """What was bought, at the prices of that moment. Only `payments.services` writes its status."""

    class Status(models.TextChoices):
        AWAITING_PAYMENT = "awaiting_payment"
        PAYMENT_FAILED = "payment_failed"
        PAID = "paid"
        CANCELLED = "cancelled"
        PARTIALLY_REFUNDED = "partially_refunded"
        REFUNDED = "refunded"
        DISPUTED = "disputed"

    number = models.CharField(max_length=20, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders")
    status = models.CharField(max_length=20, choices=Status, default=Status.AWAITING_PAYMENT)
    total_amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    request_id = models.CharField(max_length=64, blank=True)
    checkout_key = models.CharField(max_length=255, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "checkout_key"], condition=~models.Q(checkout_key=""), name="one_order_a_checkout_key"
            )
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def about(self) -> str:
        """How events name this order."""
        return f"order:{self.number}"

    @property
    def payable(self) -> bool:
        return self.status in (self.Status.AWAITING_PAYMENT, self.Status.PAYMENT_FAILED)


class OrderLine(models.Model):
    """One product of an order, as it was sold."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    slug = models.SlugField()
    name = models.CharField(max_length=120)
    quantity = models.PositiveIntegerField()
    unit_amount = models.PositiveIntegerField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"

    @property
    def amount(self) -> int:
        return self.quantity * self.unit_amount


class PaymentAttempt(models.Model):
    """One try to be paid by one vendor; its id is the idempotency key, committed before the vendor is asked."""

    class Status(models.TextChoices):
        CREATED = "created"
        UNKNOWN = "unknown"
        PENDING = "pending"
        DECLINED = "declined"
        SUCCEEDED = "succeeded"
        CANCELLED = "cancelled"
        FAILED = "failed"

    OPEN = (Status.CREATED, Status.UNKNOWN, Status.PENDING, Status.DECLINED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="attempts")
    provider = models.SlugField(max_length=40)
    status = models.CharField(max_length=10, choices=Status, default=Status.CREATED)
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    provider_reference = models.CharField(max_length=255, blank=True, db_index=True)
    transaction = models.CharField(max_length=255, blank=True, db_index=True)
    redirect_url = models.URLField(max_length=2000, blank=True)
    failure = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at"]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(status__in=["created", "unknown", "pending", "declined"]),
                name="attempt_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.status} {self.id}"

    @property
    def key(self) -> str:
        """The idempotency key: the same for every call about starting this attempt."""
        return f"patchbay-attempt-{self.id}"

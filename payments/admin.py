"""The shop's records. Orders and attempts are written by services alone; staff can ask the vendor again."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from integrations import money
from payments.models import Order, OrderLine, PaymentAttempt, Product
from payments.services.settlement import refresh
from webhooks.admin import ReadOnly


@admin.register(Product)
class ProductAdmin(ModelAdmin):
    list_display = ("name", "slug", "price", "recurring", "active")
    list_filter = ("active", "recurring")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}

    @admin.display(ordering="amount")
    def price(self, product: Product) -> str:
        return money.display(product.amount, product.currency)


class LineInline(ReadOnly, TabularInline):
    model = OrderLine
    extra = 0


class AttemptInline(ReadOnly, TabularInline):
    model = PaymentAttempt
    extra = 0
    fields = (
        "provider",
        "status",
        "provider_reference",
        "transaction",
        "failure",
        "created_at",
        "settled_at",
    )


@admin.register(Order)
class OrderAdmin(ReadOnly, ModelAdmin):
    list_display = ("number", "user", "status", "total", "created_at", "paid_at")
    list_filter = ("status",)
    search_fields = ("number", "user__email", "request_id")
    date_hierarchy = "created_at"
    inlines = [LineInline, AttemptInline]
    actions = ["ask_vendor"]

    @admin.display(ordering="total_amount")
    def total(self, order: Order) -> str:
        return money.display(order.total_amount, order.currency)

    @admin.action(description="Ask the payment service for its truth", permissions=["view"])
    def ask_vendor(self, request: HttpRequest, chosen: QuerySet[Order]) -> None:
        for order in chosen:
            refresh(order)
        self.message_user(request, "These orders now show what the payment service knows.")


@admin.register(PaymentAttempt)
class PaymentAttemptAdmin(ReadOnly, ModelAdmin):
    list_display = ("id", "order", "provider", "status", "amount", "currency", "created_at", "settled_at")
    list_filter = ("provider", "status")
    search_fields = ("id", "provider_reference", "transaction", "order__number")
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("order")

"""The shop's records. Orders and attempts are written by services alone; staff can ask the vendor again."""

from typing import Any

import structlog
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from integrations import money
from integrations.errors import IntegrationError
from integrations.readonly import ReadOnly
from payments.models import Order, OrderLine, PaymentAttempt, Product
from payments.services.settlement import ask
from webhooks.problems import Problem

log = structlog.get_logger("payments")


@admin.register(Product)
class ProductAdmin(ModelAdmin):
    list_display = ("name", "slug", "price", "recurring", "active")
    list_filter = ("active", "recurring")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}

    def get_form(self, request: HttpRequest, obj: Product | None = None, change: bool = False, **kwargs: Any) -> Any:
        words = {"amount": "In minor units: 1900 is €19.00."}
        return super().get_form(request, obj, change, help_texts=words, **kwargs)

    @admin.display(ordering="amount")
    def price(self, product: Product) -> str:
        return money.display(product.amount, product.currency)


class LineInline(ReadOnly, TabularInline):
    model = OrderLine
    extra = 0
    fields = readonly_fields = ("slug", "name", "quantity", "each", "sum")

    @admin.display
    def each(self, line: OrderLine) -> str:
        return money.display(line.unit_amount, line.order.currency)

    @admin.display
    def sum(self, line: OrderLine) -> str:
        return money.display(line.amount, line.order.currency)


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
    exclude = ("total_amount", "currency")
    readonly_fields = ("total",)
    inlines = [LineInline, AttemptInline]
    actions = ["ask_vendor"]

    @admin.display(ordering="total_amount")
    def total(self, order: Order) -> str:
        return money.display(order.total_amount, order.currency)

    @admin.action(description="Ask the payment service for its truth", permissions=["view"])
    def ask_vendor(self, request: HttpRequest, chosen: QuerySet[Order]) -> None:
        unlearnt = [f"{order.number} ({code})" for order in chosen if (code := _trouble(order))]
        if unlearnt:
            names = ", ".join(unlearnt)
            self.message_user(request, f"Nothing could be learnt of {names}: the log says more.", messages.ERROR)
        if learnt := len(chosen) - len(unlearnt):
            these = "1 order now shows" if learnt == 1 else f"{learnt} orders now show"
            self.message_user(request, f"{these} what the payment service knows.", messages.SUCCESS)


def _trouble(order: Order) -> str:
    """The code of what kept the vendor's truth from us; empty when it is known now."""
    try:
        ask(order)
    except (IntegrationError, Problem) as error:
        log.warning("payment.refresh_failed", order=order.number, code=error.code, error=str(error))
        return error.code
    return ""


@admin.register(PaymentAttempt)
class PaymentAttemptAdmin(ReadOnly, ModelAdmin):
    list_display = ("id", "order", "provider", "status", "asked", "created_at", "settled_at")
    exclude = ("amount", "currency")
    readonly_fields = ("asked",)
    list_filter = ("provider", "status")
    search_fields = ("id", "provider_reference", "transaction", "order__number")
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("order")

    @admin.display(description="Amount", ordering="amount")
    def asked(self, attempt: PaymentAttempt) -> str:
        return money.display(attempt.amount, attempt.currency)

"""The plain records of inbox and outbox; daily work is done in the console."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin, TabularInline

from integrations.readonly import ReadOnly
from webhooks.console import readable
from webhooks.models import Delivery, Dispatch, OutboxEvent
from webhooks.processing import again


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, ModelAdmin):
    list_display = ("external_id", "source", "kind", "state", "attempts", "received_at", "handled_at")
    list_filter = ("source", "state", "kind")
    search_fields = ("external_id", "object_key", "request_id")
    date_hierarchy = "received_at"
    actions = ["process_again"]
    exclude = ("body",)
    readonly_fields = ("text", "console")

    @admin.display(description="Body")
    def text(self, delivery: Delivery) -> str:
        return format_html("<pre>{}</pre>", readable(bytes(delivery.body)))

    @admin.display(description="Console")
    def console(self, delivery: Delivery) -> str:
        address = reverse("webhooks:console_delivery", args=[delivery.pk])
        return format_html('<a href="{}">its whole path</a>', address)

    @admin.action(description="Process again", permissions=["view"])
    def process_again(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        for delivery in chosen:
            again(delivery)
        self.message_user(request, "These deliveries are being processed again.")


class DispatchInline(ReadOnly, TabularInline):
    model = Dispatch
    extra = 0
    fields = ("sink", "attempts", "due_at", "done_at", "error")


@admin.register(OutboxEvent)
class OutboxEventAdmin(ReadOnly, ModelAdmin):
    list_display = ("name", "about", "user", "at", "uid")
    list_filter = ("name",)
    search_fields = ("about", "request_id", "uid")
    date_hierarchy = "at"
    inlines = [DispatchInline]

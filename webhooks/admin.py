"""The plain records of inbox and outbox; daily work is done in the console."""

from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from unfold.admin import ModelAdmin, TabularInline

from integrations.readonly import ReadOnly
from webhooks.care import ruling
from webhooks.care.audit import Person, Via
from webhooks.care.viewing import readable
from webhooks.inbox.contents import content_of
from webhooks.models import (
    Attempt,
    Delivery,
    Dispatch,
    Endpoint,
    ForgeryHour,
    Intervention,
    Message,
    OutboxEvent,
    Source,
    SourceRule,
    SourceSecret,
)

MOST_COUNTED = 10_000
MOST_PICKED = 200  # that fit into an address; more are chosen by a search in the console


class UpToMany(Paginator):  # type: ignore[type-arg]  # it takes none at run time
    """Pages of the newest rows, of which nobody counts more than `MOST_COUNTED`."""

    @cached_property
    def count(self) -> int:
        return cast("QuerySet[Any]", self.object_list)[:MOST_COUNTED].count()


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, ModelAdmin):
    list_display = ("external_id", "source", "kind", "state", "attempts", "received_at", "handled_at")
    # Millions of rows: nothing here reads them all. The console searches.
    list_filter = ("state",)
    ordering = ("-pk",)
    paginator = UpToMany
    show_full_result_count = False
    actions = ["process_again"]
    readonly_fields = ("text", "console")

    @admin.display(description="Body")
    def text(self, delivery: Delivery) -> str:
        return format_html("<pre>{}</pre>", readable(content_of(delivery)))

    @admin.display(description="Console")
    def console(self, delivery: Delivery) -> str:
        address = reverse("webhooks:console_delivery", args=[delivery.pk])
        return format_html('<a href="{}">its whole path</a>', address)

    @admin.action(description="Process again…", permissions=["view"])
    def process_again(self, _request: HttpRequest, chosen: QuerySet[Delivery]) -> HttpResponse:
        picked = [("pick", pk) for pk in chosen.order_by("-pk").values_list("pk", flat=True)[:MOST_PICKED]]
        return redirect(f"{reverse('webhooks:console_order_deliveries', args=['replay'])}?{urlencode(picked)}")


@admin.register(Intervention)
class InterventionAdmin(ReadOnly, ModelAdmin):
    list_display = ("at", "kind", "who", "via", "count", "query", "reason")
    list_filter = ("kind", "via")
    search_fields = ("who", "query", "reason")
    date_hierarchy = "at"


@admin.register(SourceRule)
class SourceRuleAdmin(ModelAdmin):
    """How long a source's bodies are kept, and what of them never is; every change is an intervention."""

    list_display = ("slug", "keep_days", "redactions")
    search_fields = ("slug",)

    def get_readonly_fields(self, _request: HttpRequest, rule: SourceRule | None = None) -> tuple[str, ...]:
        return ("slug",) if rule else ()  # another source's rule is another rule

    def save_model(self, request: HttpRequest, rule: SourceRule, *_form: Any) -> None:
        ruling.keep(rule, _person(request))

    def delete_model(self, request: HttpRequest, rule: SourceRule) -> None:
        ruling.take_back(rule, _person(request))

    def delete_queryset(self, request: HttpRequest, rules: QuerySet[SourceRule]) -> None:
        for rule in rules:
            ruling.take_back(rule, _person(request))


def _person(request: HttpRequest) -> Person:
    user = cast(Any, request.user)
    return Person(user.email, Via.ADMIN, user.pk)


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


@admin.register(Endpoint)
class EndpointAdmin(ReadOnly, ModelAdmin):
    """Its secrets are its owner's: they are not shown here."""

    list_display = ("uid", "owner", "url", "state", "rate", "failing_since", "failures", "created_at")
    list_filter = ("state", "ordered", "payload", "scheme", "all_users")
    search_fields = ("uid", "url", "owner__email", "description")
    readonly_fields = ("uid",)
    list_select_related = ("owner",)


class AttemptInline(ReadOnly, TabularInline):
    model = Attempt
    extra = 0
    fields = ("number", "at", "ms", "address", "status", "code", "words", "response_body")


@admin.register(Message)
class MessageAdmin(ReadOnly, ModelAdmin):
    list_display = ("uid", "name", "endpoint", "state", "tries", "due_at", "done_at", "error")
    list_filter = ("state", "name")
    search_fields = ("uid", "endpoint__uid")
    readonly_fields = ("uid", "event")
    list_select_related = ("endpoint",)
    inlines = [AttemptInline]


class SourceSecretInline(ReadOnly, TabularInline):
    """How old they are, and how they end."""

    model = SourceSecret
    extra = 0
    fields = ("hint", "created_at", "expires_at")


@admin.register(Source)
class SourceAdmin(ReadOnly, ModelAdmin):
    """Read-only: the console changes sources, by services that check and audit it."""

    list_display = ("slug", "name", "scheme", "rate", "paused", "created_by", "changed_at")
    list_filter = ("scheme", "paused")
    search_fields = ("slug", "name")
    readonly_fields = ("console",)
    inlines = [SourceSecretInline]

    @admin.display(description="Console")
    def console(self, source: Source) -> str:
        address = reverse("webhooks:console_source", args=[source.slug])
        return format_html('<a href="{}">settings, secrets, samples</a>', address)


@admin.register(ForgeryHour)
class ForgeryHourAdmin(ReadOnly, ModelAdmin):
    list_display = ("source", "hour", "count", "reason")
    list_filter = ("source",)
    date_hierarchy = "hour"

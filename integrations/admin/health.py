"""Incidents and staff's orders in the admin: plain records; an order is given here, and none is ever changed."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from integrations import control
from integrations.models import BreakerOrder, Incident
from integrations.registry import all_providers


class Kept:
    """Rows that nobody edits and nobody deletes."""

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


@admin.register(Incident)
class IncidentAdmin(Kept, ModelAdmin):
    list_display = ("vendor", "kind", "cause", "opened_at", "closed_at", "told_at")
    list_filter = ("vendor", "kind")
    date_hierarchy = "opened_at"

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False


@admin.register(BreakerOrder)
class BreakerOrderAdmin(Kept, ModelAdmin):
    list_display = ("vendor", "mode", "reason", "by", "at")
    list_filter = ("vendor", "mode")
    date_hierarchy = "at"
    fields = ("vendor", "mode", "reason")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "vendor":
            return forms.ChoiceField(choices=[(slug, found.name) for slug, found in all_providers().items()])
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: BreakerOrder, _form: Any, _change: bool) -> None:
        given = control.give(obj.vendor, obj.mode, obj.reason, request.user.pk)
        obj.pk = given.pk

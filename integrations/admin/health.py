"""Incidents and staff's orders in the admin: plain records; an order is given here, and none is ever changed."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from integrations import control
from integrations.models import BreakerOrder, Incident
from integrations.readonly import Kept, ReadOnly
from integrations.registry import all_providers


@admin.register(Incident)
class IncidentAdmin(ReadOnly, ModelAdmin):
    list_display = ("vendor", "kind", "cause", "opened_at", "closed_at", "told_at")
    list_filter = ("vendor", "kind")
    date_hierarchy = "opened_at"


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

"""Calls to vendors that failed."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from integrations.models import CallFailure


@admin.register(CallFailure)
class CallFailureAdmin(ModelAdmin):
    list_display = ("at", "vendor", "operation", "outcome", "status", "attempt", "latency_ms", "request_id")
    list_filter = ("vendor", "outcome", "status")
    search_fields = ("request_id", "operation")
    date_hierarchy = "at"
    ordering = ("-at",)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

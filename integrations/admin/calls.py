"""Calls to vendors that failed."""

from datetime import UTC
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from integrations.models import CallFailure


@admin.register(CallFailure)
class CallFailureAdmin(ModelAdmin):
    list_display = ("when", "vendor", "operation", "outcome", "status", "request_id")
    list_filter = ("vendor", "outcome", "status")
    search_fields = ("request_id", "operation")
    date_hierarchy = "at"
    ordering = ("-at",)

    @admin.display(description="At (UTC)", ordering="at")
    def when(self, failure: CallFailure) -> str:
        return f"{failure.at.astimezone(UTC):%d %b %Y %H:%M:%S}"

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

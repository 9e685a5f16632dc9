"""Calls to vendors that failed."""

from datetime import UTC

from django.contrib import admin
from unfold.admin import ModelAdmin

from integrations.models import CallFailure
from integrations.readonly import ReadOnly


@admin.register(CallFailure)
class CallFailureAdmin(ReadOnly, ModelAdmin):
    list_display = ("when", "vendor", "operation", "outcome", "status", "request_id")
    list_filter = ("vendor", "outcome", "status")
    search_fields = ("request_id", "operation")
    date_hierarchy = "at"
    ordering = ("-at",)

    @admin.display(description="At (UTC)", ordering="at")
    def when(self, failure: CallFailure) -> str:
        return f"{failure.at.astimezone(UTC):%d %b %Y %H:%M:%S}"

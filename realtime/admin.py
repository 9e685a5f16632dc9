"""What was told to whom, to read and never to edit."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from integrations.readonly import ReadOnly
from realtime.models import StreamEvent


@admin.register(StreamEvent)
class StreamEventAdmin(ReadOnly, ModelAdmin):
    list_display = ("name", "stream", "seq", "at")
    list_filter = ("name",)
    list_select_related = ("stream",)
    search_fields = ("stream__key", "event_id", "name")
    show_full_result_count = False

"""Mails in the admin: what was written, to whom, and what became of it."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from integrations.email.models import Mail
from integrations.email.services import send_again


@admin.register(Mail)
class MailAdmin(ModelAdmin):
    list_display = ("subject", "to", "state", "outcome", "attempts", "created_at", "sent_at")
    list_filter = ("state", "outcome")
    search_fields = ("subject", "to", "about", "request_id")
    date_hierarchy = "created_at"
    actions = ["queue_again"]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Mail | None = None) -> bool:
        return False

    @admin.action(description="Send again (failed mails only)", permissions=["view"])
    def queue_again(self, request: HttpRequest, chosen: QuerySet[Mail]) -> None:
        failed = chosen.filter(state=Mail.State.FAILED)
        for mail in failed:
            send_again(mail)
        self.message_user(request, "The failed mails among these are queued again.")

"""Mails in the admin: what was written, to whom, and what became of it."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from integrations.email.models import Mail
from integrations.email.services import send_again
from integrations.readonly import ReadOnly


@admin.register(Mail)
class MailAdmin(ReadOnly, ModelAdmin):
    list_display = ("subject", "to", "state", "outcome", "attempts", "created_at", "sent_at")
    list_filter = ("state", "outcome")
    search_fields = ("subject", "to", "about", "request_id")
    date_hierarchy = "created_at"
    actions = ["queue_again"]
    exclude = ("text", "html")
    readonly_fields = ("words", "source")

    @admin.display(description="Text")
    def words(self, mail: Mail) -> str:
        return format_html("<pre>{}</pre>", mail.text)

    @admin.display(description="HTML")
    def source(self, mail: Mail) -> str:
        return format_html("<pre>{}</pre>", mail.html)

    @admin.action(description="Send again (failed mails only)", permissions=["view"])
    def queue_again(self, request: HttpRequest, chosen: QuerySet[Mail]) -> None:
        failed = chosen.filter(state=Mail.State.FAILED)
        for mail in failed:
            send_again(mail)
        self.message_user(request, "The failed mails among these are queued again.")

"""Provider tokens in the admin: how each stands, never what it is."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from integrations.models import ProviderToken
from integrations.readonly import ReadOnly


@admin.register(ProviderToken)
class ProviderTokenAdmin(ReadOnly, ModelAdmin):
    """Read-only. To forget a token is to ask for a new one with the next call, or for a person to connect again."""

    list_display = ("vendor", "account", "standing", "granted_at", "refresh_at", "expires_at", "error")
    list_filter = ("vendor", "state")
    search_fields = ("vendor", "account", "error")
    exclude = ("sealed", "lease")
    actions = ["forget"]

    def has_forget_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.delete_providertoken")

    @admin.action(description="Forget (the next call asks anew, or a person reconnects)", permissions=["forget"])
    def forget(self, request: HttpRequest, chosen: QuerySet[ProviderToken]) -> None:
        self.log_deletions(request, chosen)
        chosen.delete()
        self.message_user(request, "Forgotten. The next call asks the vendor for a new token.")

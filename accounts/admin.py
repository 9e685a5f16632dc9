"""People, their sessions and our keys, for staff."""

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts import keys, services
from accounts.models import Session, SigningKey, User
from integrations.readonly import ReadOnly

# Theirs come without unfold's looks; addresses are shown with their person.
admin.site.unregister([Group, EmailAddress])


class Addresses(TabularInline):
    model = EmailAddress
    extra = 0
    verbose_name_plural = "e-mail addresses"


@admin.register(User)
class UserAdmin(PlainUserAdmin, ModelAdmin):  # type: ignore[type-arg]  # Django's takes none at runtime
    form, add_form, change_password_form = UserChangeForm, UserCreationForm, AdminPasswordChangeForm
    list_display = ("email", "name", "is_staff", "is_active", "last_login", "date_joined")
    list_filter = ("is_staff", "is_active", "groups")
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("last_login", "date_joined")
    inlines = (Addresses,)
    # Django's two boxes side by side are wider than Unfold's page.
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        (
            "What they may",
            {"fields": ("is_active", "is_staff", "is_superuser", "groups")},
        ),
        ("When", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)


@admin.register(Group)
class GroupAdmin(PlainGroupAdmin, ModelAdmin):
    """Django's groups, in our looks."""


@admin.register(Session)
class SessionAdmin(ReadOnly, ModelAdmin):
    list_display = ("user", "user_agent", "ip", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("user__email", "user_agent", "ip")
    date_hierarchy = "created_at"
    actions = ("end",)

    @admin.action(description="Sign these programs out", permissions=["end"])
    def end(self, request: HttpRequest, chosen: QuerySet[Session]) -> None:
        for session in chosen:
            services.revoke(session, "by_staff")
        self.message_user(request, "Signed out: the next request of each is refused.")

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_session")


@admin.register(SigningKey)
class SigningKeyAdmin(ReadOnly, ModelAdmin):
    list_display = ("kid", "number", "created_at", "retired_at")
    fields = ("kid", "number", "public_jwk", "created_at", "retired_at")
    actions = ("retire",)

    @admin.action(description="Retire these keys", permissions=["retire"])
    def retire(self, request: HttpRequest, chosen: QuerySet[SigningKey]) -> None:
        for key in chosen:
            keys.retire(key)
        self.message_user(request, "Retired: they sign no more, and are published until their last token expires.")

    def has_retire_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_signingkey")

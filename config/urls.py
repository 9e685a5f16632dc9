"""Where everything is served."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from config import readiness
from config.docs import ApiDocs, Schema, problems
from config.metrics import metrics

api = [
    path("", include("accounts.api_urls")),
    path("", include("payments.api_urls")),
    path("", include("realtime.api_urls")),
    path("", include("webhooks.api.urls")),
]

urlpatterns = [
    # Browsers ask for it by this name on pages that do not say better, such as the admin's.
    path("favicon.ico", RedirectView.as_view(url=static("patchbay/logo.svg"))),
    path("readyz", readiness.readyz),
    path("metrics", metrics),
    path("api/v1/", include(api)),
    path("api/schema", Schema.as_view(), name="schema"),
    path("api/docs", ApiDocs.as_view(), name="api_docs"),
    path("docs/problems", problems, name="problems"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.account.urls")),
    path("console", RedirectView.as_view(pattern_name="webhooks:console_deliveries")),
    path("console/", include("webhooks.urls")),
    path("", include("integrations.urls")),
    path("", include("accounts.urls")),
    path("", include("webhooks.portal.urls")),
    path("", include("payments.urls")),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.broken"

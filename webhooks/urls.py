"""The operators' pages about deliveries and vendors, under `/console/`."""

from django.urls import path
from django.views.generic import RedirectView

from webhooks import console, health

app_name = "webhooks"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="webhooks:console_deliveries")),
    path("deliveries/", RedirectView.as_view(pattern_name="webhooks:console_deliveries")),
    path("deliveries", console.deliveries, name="console_deliveries"),
    path("deliveries/<int:pk>", console.delivery, name="console_delivery"),
    path("deliveries/<int:pk>/again", console.replay, name="console_replay"),
    path("requests/<str:identifier>", console.request_path, name="console_request"),
    path("health", health.overview, name="console_health"),
    path("health/<slug:slug>", health.vendor, name="console_vendor"),
    path("health/<slug:slug>/order", health.order, name="console_order"),
]

"""The operators' pages about deliveries, under `/console/`."""

from django.urls import path
from django.views.generic import RedirectView

from webhooks import console

app_name = "webhooks"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="webhooks:console_deliveries")),
    path("deliveries/", RedirectView.as_view(pattern_name="webhooks:console_deliveries")),
    path("deliveries", console.deliveries, name="console_deliveries"),
    path("deliveries/<int:pk>", console.delivery, name="console_delivery"),
    path("deliveries/<int:pk>/again", console.replay, name="console_replay"),
]

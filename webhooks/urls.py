"""The operators' pages about deliveries, under `/console/`."""

from django.urls import path

from webhooks import console

app_name = "webhooks"

urlpatterns = [
    path("deliveries", console.deliveries, name="console_deliveries"),
    path("deliveries/<int:pk>", console.delivery, name="console_delivery"),
    path("deliveries/<int:pk>/again", console.replay, name="console_replay"),
]

"""Deliveries and events under `/api/v1/`."""

from django.urls import path

from webhooks.api import views

urlpatterns = [
    path("deliveries", views.Deliveries.as_view()),
    path("events", views.Events.as_view()),
]

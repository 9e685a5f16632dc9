"""Deliveries, events, custom sources and customers' endpoints under `/api/v1/`."""

from django.urls import path

from webhooks.api import catalogue, deliveries, endpoints, messages, views
from webhooks.sources import api as sources

urlpatterns = [
    path("deliveries", deliveries.Deliveries.as_view()),
    path("deliveries/export", deliveries.Export.as_view()),
    path("deliveries/replay", deliveries.Replay.as_view()),
    path("events", views.Events.as_view()),
    path("events/<uuid:uid>", views.OneEvent.as_view(), name="api-event"),
    path("event-types", catalogue.EventTypes.as_view()),
    path("event-types/<str:name>", catalogue.OneEventType.as_view(), name="api-event-type"),
    path("webhook-endpoints", endpoints.Endpoints.as_view()),
    path("webhook-endpoints/<str:uid>", endpoints.OneEndpoint.as_view(), name="api-endpoint"),
    path("webhook-endpoints/<str:uid>/secret", endpoints.Secret.as_view()),
    path("webhook-endpoints/<str:uid>/rotate", endpoints.Rotate.as_view()),
    path("webhook-endpoints/<str:uid>/pause", endpoints.Pause.as_view()),
    path("webhook-endpoints/<str:uid>/resume", endpoints.Resume.as_view()),
    path("webhook-endpoints/<str:uid>/test", messages.Test.as_view()),
    path("webhook-endpoints/<str:uid>/resend", messages.ResendSince.as_view()),
    path("webhook-endpoints/<str:uid>/resend/<int:resend>", messages.OneResend.as_view()),
    path("webhook-endpoints/<str:uid>/messages", messages.Messages.as_view()),
    path("webhook-endpoints/<str:uid>/messages/<uuid:message>", messages.OneMessage.as_view()),
    path("webhook-endpoints/<str:uid>/messages/<uuid:message>/attempts", messages.Attempts.as_view()),
    path("webhook-endpoints/<str:uid>/messages/<uuid:message>/resend", messages.ResendMessage.as_view()),
    path("webhook-sources", sources.Sources.as_view()),
    path("webhook-sources/<slug:slug>", sources.OneSource.as_view()),
    path("webhook-sources/<slug:slug>/rotate", sources.Rotate.as_view()),
    path("webhook-sources/<slug:slug>/test", sources.Try.as_view()),
]

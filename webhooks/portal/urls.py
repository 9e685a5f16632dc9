"""The customers' pages: `/endpoints` and `/event-types`."""

from django.urls import path

from webhooks.portal import actions, endpoints, types

app_name = "portal"

urlpatterns = [
    path("endpoints", endpoints.endpoints, name="endpoints"),
    path("endpoints/new", endpoints.new, name="new"),
    path("endpoints/<slug:uid>", endpoints.endpoint, name="endpoint"),
    path("endpoints/<slug:uid>/edit", endpoints.edit, name="edit"),
    path("endpoints/<slug:uid>/remove", endpoints.remove, name="remove"),
    path("endpoints/<slug:uid>/pause", actions.pause, name="pause"),
    path("endpoints/<slug:uid>/resume", actions.resume, name="resume"),
    path("endpoints/<slug:uid>/secret", actions.secret, name="secret"),
    path("endpoints/<slug:uid>/rotate", actions.rotate, name="rotate"),
    path("endpoints/<slug:uid>/test", actions.test, name="test"),
    path("endpoints/<slug:uid>/resend", actions.resend_since, name="resend_since"),
    path("endpoints/<slug:uid>/messages/<uuid:message>", endpoints.message, name="message"),
    path("endpoints/<slug:uid>/messages/<uuid:message>/resend", actions.resend, name="resend"),
    path("event-types", types.event_types, name="event_types"),
]

"""What a person finds about themselves under `/api/v1/`."""

from django.urls import path

from accounts.api import me

urlpatterns = [
    path("me", me.Me.as_view(), name="api-me"),
    path("sessions", me.Sessions.as_view(), name="api-sessions"),
    path("sessions/<uuid:pk>", me.OneSession.as_view(), name="api-session"),
]

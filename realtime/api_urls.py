"""The paths of realtime under `/api/v1/`; the connections themselves are ASGI, in `realtime.asgi`."""

from django.urls import path

from realtime.api import TicketView

urlpatterns = [
    path("realtime/ticket", TicketView.as_view(), name="api-realtime-ticket"),
]

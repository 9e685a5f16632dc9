"""The endpoint where a program with a token buys a ticket for one connection."""

from collections.abc import Mapping
from datetime import UTC, datetime

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from realtime import tickets
from realtime.identity import Identity
from webhooks.api.base import ApiView


class TicketAnswer(serializers.Serializer[None]):
    """A ticket, and for how many seconds it can be used."""

    ticket = serializers.CharField()
    expires_in = serializers.IntegerField()


class TicketView(ApiView):
    """`POST /api/v1/realtime/ticket`: the way into `/ws` and `/events` for whoever cannot send headers there."""

    @extend_schema(operation_id="buy_ticket", request=None, responses={200: TicketAnswer})
    def post(self, request: Request) -> Response:
        """Buy a ticket: it opens one connection, which lasts no longer than the token it was bought with."""
        user = request.user.pk
        assert user is not None  # the default permission let nobody else in
        identity = Identity(user, request.user.is_staff, _expiry(request))
        return Response({"ticket": tickets.issue(identity), "expires_in": tickets.LIFETIME})


def _expiry(request: Request) -> datetime | None:
    claims = request.auth if isinstance(request.auth, Mapping) else {}
    if "exp" in claims:
        return datetime.fromtimestamp(claims["exp"], UTC)
    session = getattr(request, "session", None)
    return session.get_expiry_date() if session is not None else None

"""What was decided, for programs: `/api/v1/events`."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView

from webhooks.api.base import ApiView
from webhooks.api.parameters import require_known
from webhooks.models import OutboxEvent
from webhooks.moments import moment_of
from webhooks.problems import Problem


class EventSerializer(serializers.ModelSerializer[OutboxEvent]):
    id = serializers.UUIDField(source="uid")

    class Meta:
        model = OutboxEvent
        fields = ["id", "name", "data", "at"]


@extend_schema(parameters=[OpenApiParameter("name"), OpenApiParameter("since", datetime)])
class Events(ApiView, ListAPIView[OutboxEvent]):
    """What was decided, newest first: a person's own, for staff all."""

    serializer_class = EventSerializer

    def get_queryset(self) -> QuerySet[OutboxEvent]:
        require_known(self.request, "name", "since", "limit", "cursor")
        events = _events(self.request).filter(**_given(self.request, "name"))
        if since := self.request.query_params.get("since"):
            events = events.filter(at__gte=_moment(since))
        return events


class OneEvent(ApiView, RetrieveAPIView[OutboxEvent]):
    """One event, as a thin message refers to it."""

    serializer_class = EventSerializer
    lookup_field = "uid"

    def get_queryset(self) -> QuerySet[OutboxEvent]:
        return _events(self.request)


def _events(request: Any) -> QuerySet[OutboxEvent]:
    """A person's own, for staff all."""
    return OutboxEvent.objects.all() if request.user.is_staff else OutboxEvent.objects.filter(user=request.user)


def _given(request: Any, *names: str) -> dict[str, str]:
    params = request.query_params
    return {name: params[name].replace("\x00", "") for name in names if params.get(name)}


def _moment(text: str) -> datetime:
    moment = moment_of(text)
    if moment is None:
        message = "Give a time such as 2026-11-23T12:00:00Z."
        field = {"field": "since", "code": "invalid", "message": message}
        raise Problem(400, "invalid", "Some fields are not right", message, errors=[field])
    return moment

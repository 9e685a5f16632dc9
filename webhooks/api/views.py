"""What arrived and what was decided, for programs: `/api/v1/deliveries` and `/api/v1/events`."""

from datetime import datetime
from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAdminUser

from webhooks.api.base import ApiView
from webhooks.models import Delivery, OutboxEvent
from webhooks.moments import moment_of
from webhooks.problems import Problem


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    class Meta:
        model = Delivery
        fields = [
            "id", "source", "external_id", "kind", "object_key", "state", "attempts",
            "received_at", "handled_at", "error", "request_id",
        ]  # fmt: skip


class EventSerializer(serializers.ModelSerializer[OutboxEvent]):
    id = serializers.UUIDField(source="uid")

    class Meta:
        model = OutboxEvent
        fields = ["id", "name", "data", "at"]


@extend_schema(parameters=[OpenApiParameter(name) for name in ("source", "state", "external_id")])
class Deliveries(ApiView, ListAPIView[Delivery]):
    """What vendors said, newest first (staff)."""

    permission_classes = [IsAdminUser]
    serializer_class = DeliverySerializer

    def get_queryset(self) -> QuerySet[Delivery]:
        return Delivery.objects.defer("body", "headers").filter(
            **_given(self.request, "source", "state", "external_id")
        )


@extend_schema(parameters=[OpenApiParameter("name"), OpenApiParameter("since", datetime)])
class Events(ApiView, ListAPIView[OutboxEvent]):
    """What was decided, newest first: a person's own, for staff all."""

    serializer_class = EventSerializer

    def get_queryset(self) -> QuerySet[OutboxEvent]:
        events = OutboxEvent.objects.filter(**_given(self.request, "name"))
        if since := self.request.query_params.get("since"):
            events = events.filter(at__gte=_moment(since))
        return events if self.request.user.is_staff else events.filter(user=cast(Any, self.request.user))


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

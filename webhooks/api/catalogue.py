"""Every event type, with its JSON Schema and an example, under `/api/v1/event-types`."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from webhooks.api.base import ApiView
from webhooks.api.schema import problems
from webhooks.outbox.catalogue import EventType, catalogue


class EventTypeSerializer(serializers.Serializer[EventType]):
    name = serializers.CharField()
    description = serializers.CharField()
    staff_only = serializers.BooleanField(help_text="It belongs to no person: only staff can be told of it.")
    schema = serializers.JSONField(help_text="JSON Schema (2020-12) of the message's `data`.")
    example = serializers.JSONField(source="message", help_text="A message as an endpoint is sent it.")


class EventTypesSerializer(serializers.Serializer[Any]):
    results = EventTypeSerializer(many=True)


class EventTypes(ApiView):
    """What Patchbay tells of: every event type, in alphabetical order."""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="event_types_list", responses={200: EventTypesSerializer}, tags=["event-types"])
    def get(self, _request: Request) -> Response:
        return Response(EventTypesSerializer({"results": list(catalogue().values())}).data)


class OneEventType(ApiView):
    """One event type."""

    permission_classes = [AllowAny]

    @extend_schema(responses={200: EventTypeSerializer} | problems(404), tags=["event-types"])
    def get(self, _request: Request, name: str) -> Response:
        known = catalogue().get(name)
        if known is None:
            raise Http404
        return Response(EventTypeSerializer(known).data)

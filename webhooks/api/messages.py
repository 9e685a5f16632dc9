"""What was and is to be sent to an endpoint, for programs: the log, tests, and sending again."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from webhooks.api.endpoints import TAGS, EndpointView
from webhooks.api.idempotency import together
from webhooks.api.parameters import require_known
from webhooks.api.schema import problems
from webhooks.endpoints import resending, services
from webhooks.endpoints.problems import at_field
from webhooks.models import Attempt, Message, Resend

MOST_ATTEMPTS = 100  # in one answer: each may hold 20 kB of an endpoint's words


class MessageSerializer(serializers.ModelSerializer[Message]):
    id = serializers.UUIDField(source="uid", help_text="The event's id, and the header webhook-id of every try.")
    type = serializers.CharField(source="name")
    test = serializers.BooleanField(source="is_test")

    class Meta:
        model = Message
        fields = ["id", "type", "test", "state", "tries", "created_at", "due_at", "done_at", "error"]


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    class Meta:
        model = Attempt
        fields = [
            "number", "at", "ms", "url", "address", "status", "code", "words",
            "request_headers", "response_headers", "response_body",
        ]  # fmt: skip


class TestSerializer(serializers.Serializer[Any]):
    type = serializers.CharField(help_text="The event type whose example is sent.")


class ResendSerializer(serializers.Serializer[Any]):
    since = serializers.DateTimeField()
    delivered_too = serializers.BooleanField(default=False, help_text="Also what did arrive.")


class ResendOrderSerializer(serializers.ModelSerializer[Resend]):
    messages = serializers.IntegerField(help_text="How many are queued so far; all of them once it is finished.")

    class Meta:
        model = Resend
        fields = ["id", "since", "delivered_too", "messages", "created_at", "finished_at"]


class AttemptsSerializer(serializers.Serializer[Any]):
    results = AttemptSerializer(many=True)


class Messages(EndpointView, ListAPIView[Message]):
    """The endpoint's log, newest first."""

    serializer_class = MessageSerializer

    @extend_schema(
        parameters=[OpenApiParameter("state", enum=Message.State.values), OpenApiParameter("type")],
        responses={200: MessageSerializer(many=True)} | problems(400, 401, 404),
        tags=TAGS,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Message]:
        require_known(self.request, "state", "type", "limit", "cursor")
        asked = self.request.query_params
        state, name = (asked.get(field, "") for field in ("state", "type"))
        if state and state not in Message.State.values:
            raise at_field("state", f"One of {', '.join(Message.State.values)}.")
        return services.messages_of(self.endpoint(), state, name.replace("\x00", ""))


class MessageView(EndpointView):
    """A view of one message to one endpoint."""

    def message(self) -> Message:
        return get_object_or_404(
            Message.objects.select_related("endpoint").defer("sample"),
            endpoint=self.endpoint(),
            uid=self.kwargs["message"],
        )


class OneMessage(MessageView):
    """One message, and how far it has got."""

    @extend_schema(responses={200: MessageSerializer} | problems(401, 404), tags=TAGS)
    def get(self, _request: Request, **_path: Any) -> Response:
        return Response(MessageSerializer(self.message()).data)


class Attempts(MessageView):
    """The latest 100 tries that came to an end, the first of them first: what was sent, and what was answered."""

    @extend_schema(responses={200: AttemptsSerializer} | problems(401, 404), tags=TAGS)
    def get(self, _request: Request, **_path: Any) -> Response:
        latest = self.message().log.order_by("-number")[:MOST_ATTEMPTS]
        return Response(AttemptsSerializer({"results": list(reversed(latest))}).data)


class ResendMessage(MessageView):
    """Send one message again, under the same webhook-id."""

    @extend_schema(request=None, responses={202: MessageSerializer} | problems(401, 404, 409), tags=TAGS)
    def post(self, request: Request, **_path: Any) -> Response:
        message = self.message()
        return together(request, lambda: Response(MessageSerializer(resending.resend(message)).data, 202))


class ResendSince(EndpointView):
    """Order that everything is sent again that happened since a time and did not arrive."""

    @extend_schema(
        request=ResendSerializer, responses={202: ResendOrderSerializer} | problems(400, 401, 404, 409), tags=TAGS
    )
    def post(self, request: Request, **_path: Any) -> Response:
        endpoint, asked = self.endpoint(), ResendSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        since, too = asked.validated_data["since"], asked.validated_data["delivered_too"]
        return together(
            request,
            lambda: Response(
                ResendOrderSerializer(resending.resend_since(endpoint, since, delivered_too=too)).data, 202
            ),
        )


class OneResend(EndpointView):
    """An order to send again, and how far it has got."""

    @extend_schema(responses={200: ResendOrderSerializer} | problems(401, 404), tags=TAGS)
    def get(self, _request: Request, **_path: Any) -> Response:
        return Response(
            ResendOrderSerializer(get_object_or_404(self.endpoint().resends, pk=self.kwargs["resend"])).data
        )


class Test(EndpointView):
    """Send the example of an event type, marked as a test."""

    @extend_schema(request=TestSerializer, responses={202: MessageSerializer} | problems(400, 401, 404, 409), tags=TAGS)
    def post(self, request: Request, **_path: Any) -> Response:
        endpoint, asked = self.endpoint(), TestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        name = asked.validated_data["type"]
        return together(request, lambda: Response(MessageSerializer(services.send_test(endpoint, name)).data, 202))

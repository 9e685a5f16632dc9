"""Customers' endpoints, for programs: `/api/v1/webhook-endpoints`."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from webhooks.api.base import ApiView
from webhooks.api.idempotency import together
from webhooks.api.schema import problems
from webhooks.endpoints import keys, services
from webhooks.models import Endpoint

TAGS = ["webhook-endpoints"]


class EndpointSerializer(serializers.ModelSerializer[Endpoint]):
    id = serializers.CharField(source="uid", read_only=True)
    # The form of a URL is the service's to judge, with better words than a field's.
    url = serializers.CharField(max_length=2048)
    events = serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=50, required=False, help_text='["*"], ["order.*"] …'
    )
    state = serializers.ChoiceField(choices=Endpoint.State.choices, read_only=True)
    owner = serializers.IntegerField(source="owner_id", read_only=True, help_text="The id of whose it is.")

    class Meta:
        model = Endpoint
        fields = [
            "id", "owner", "url", "description", "events", "all_users", "payload", "ordered", "rate", "scheme",
            "state", "reason", "since", "failing_since", "failures", "created_at",
        ]  # fmt: skip
        read_only_fields = ["reason", "since", "failing_since", "failures", "created_at"]


class KeySerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="`whsec_…`, or the `whpk_…` public key of an Ed25519 one.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Until then an earlier one signs along.")


class SecretSerializer(KeySerializer):
    """The newest key, and the earlier ones that still sign."""

    earlier = KeySerializer(many=True)


class RotateSerializer(serializers.Serializer[Any]):
    overlap_hours = serializers.FloatField(default=24.0, min_value=0, max_value=168)
    scheme = serializers.ChoiceField(choices=Endpoint.Scheme.choices, required=False)


class EndpointView(ApiView):
    """A view of one endpoint of the person's own, for staff of any."""

    def endpoint(self) -> Endpoint:
        return get_object_or_404(services.visible_to(self.request.user), uid=self.kwargs["uid"])


class Endpoints(ApiView, ListAPIView[Endpoint]):
    """Your endpoints; for staff all."""

    serializer_class = EndpointSerializer

    @extend_schema(responses={200: EndpointSerializer(many=True)} | problems(401), tags=TAGS)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Endpoint]:
        return services.visible_to(self.request.user)

    @extend_schema(request=EndpointSerializer, responses={201: EndpointSerializer} | problems(400, 401, 409), tags=TAGS)
    def post(self, request: Request) -> Response:
        """A new endpoint; `GET …/secret` has what its messages are checked with."""
        fields = services.prepared(request.user, **_valid(EndpointSerializer, request))
        return together(request, lambda: Response(EndpointSerializer(services.add(request.user, fields)).data, 201))


class OneEndpoint(EndpointView):
    """One endpoint."""

    @extend_schema(responses={200: EndpointSerializer} | problems(401, 404), tags=TAGS)
    def get(self, _request: Request, **_path: Any) -> Response:
        return Response(EndpointSerializer(self.endpoint()).data)

    @extend_schema(request=EndpointSerializer, responses={200: EndpointSerializer} | problems(400, 401, 404), tags=TAGS)
    def patch(self, request: Request, **_path: Any) -> Response:
        """Change where, of what and how it is told; `scheme` changes with a rotation, which makes a secret of it."""
        endpoint = self.endpoint()
        given = _valid(EndpointSerializer, request, partial=True)
        return Response(EndpointSerializer(services.change(endpoint, **given)).data)

    @extend_schema(responses={204: None} | problems(401, 404), tags=TAGS)
    def delete(self, _request: Request, **_path: Any) -> Response:
        """It goes, with its log and what was still to be sent."""
        services.remove(self.endpoint())
        return Response(status=204)


class Secret(EndpointView):
    """What the endpoint's messages are checked with: its owner's to see, and nobody else's."""

    @extend_schema(responses={200: SecretSerializer} | problems(401, 403, 404, 409), tags=TAGS)
    def get(self, request: Request, **_path: Any) -> Response:
        endpoint = self.endpoint()
        if endpoint.owner_id != request.user.pk:
            raise PermissionDenied
        newest, *earlier = keys.current(endpoint)
        answer = SecretSerializer({**vars(newest), "earlier": earlier}).data
        return Response(answer, headers={"Cache-Control": "no-store"})


class Rotate(EndpointView):
    """A fresh secret, which `GET …/secret` has; the earlier one signs along for a while."""

    # No secret in this answer: one to an Idempotency-Key is kept.
    @extend_schema(
        request=RotateSerializer, responses={200: EndpointSerializer} | problems(400, 401, 404, 409), tags=TAGS
    )
    def post(self, request: Request, **_path: Any) -> Response:
        endpoint = self.endpoint()
        given = _valid(RotateSerializer, request)
        overlap, scheme = timedelta(hours=given["overlap_hours"]), given.get("scheme", "")
        return together(request, lambda: Response(EndpointSerializer(services.rotate(endpoint, overlap, scheme)).data))


class Pause(EndpointView):
    """Send nothing more; what happens meanwhile is queued."""

    @extend_schema(request=None, responses={200: EndpointSerializer} | problems(401, 404, 409), tags=TAGS)
    def post(self, _request: Request, **_path: Any) -> Response:
        return Response(EndpointSerializer(services.pause(self.endpoint())).data)


class Resume(EndpointView):
    """Send again, also to an endpoint that was disabled."""

    @extend_schema(request=None, responses={200: EndpointSerializer} | problems(401, 404), tags=TAGS)
    def post(self, _request: Request, **_path: Any) -> Response:
        return Response(EndpointSerializer(services.resume(self.endpoint())).data)


def _valid(kind: type[serializers.BaseSerializer[Any]], request: Request, **options: Any) -> dict[str, Any]:
    serializer = kind(data=request.data, **options)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data

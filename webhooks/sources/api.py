"""Custom sources for programs of staff: `/api/v1/webhook-sources`."""

from datetime import timedelta
from typing import Any, cast

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView, get_object_or_404
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response

from webhooks.api.base import ApiView, Pages
from webhooks.api.idempotency import together
from webhooks.api.schema import problems
from webhooks.care.audit import Person, Via
from webhooks.models import Source
from webhooks.sources import examples, services
from webhooks.sources.schemes import BadSecret, scheme_of
from webhooks.sources.serializers import SourceSerializer, SourceShown, require_secret, secret_field
from webhooks.sources.trial import try_out

LONGEST_BODY = 1 << 20


class Rotation(serializers.Serializer[Any]):
    """A new secret beside those in force; without `secret` one is made, and told once."""

    secret = secret_field(required=False)
    overlap_hours = serializers.IntegerField(
        min_value=0, max_value=services.LONGEST_OVERLAP, default=services.DEFAULT_OVERLAP
    )


class Sample(serializers.Serializer[Any]):
    """A request to try. `at` is the moment it is judged at, for samples that were signed long ago."""

    headers = serializers.DictField(child=serializers.CharField(allow_blank=True, trim_whitespace=False), default=dict)
    body = serializers.CharField(allow_blank=True, trim_whitespace=False, max_length=LONGEST_BODY)
    at = serializers.DateTimeField(required=False)
    address = serializers.IPAddressField(required=False)


class Found(serializers.Serializer[Any]):
    """One event in a sample, as it would be kept."""

    id = serializers.CharField()
    type = serializers.CharField()
    object_key = serializers.CharField()
    ignored = serializers.BooleanField()


class TrialShown(serializers.Serializer[Any]):
    """Whether the sample would be taken, else `code` and `why` not; and what it says in either case."""

    verified = serializers.BooleanField()
    code = serializers.CharField()
    why = serializers.CharField()
    events = Found(many=True)


class SourcePages(Pages):
    """By slug, which is what people look for."""

    ordering = "slug"


class StaffView(ApiView):
    """What all of these have in common. A secret that was made is told once, and never kept in an answer."""

    permission_classes = [IsAdminUser]
    _told_once: str = ""

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        """Add the secret last: what an `Idempotency-Key` remembers of the answer goes without it."""
        response = super().finalize_response(*args, **kwargs)
        if self._told_once and status.is_success(response.status_code):
            response.data = {**response.data, "secret": self._told_once}
        return response

    def _shown(self, source: Source, made: str = "", code: int = status.HTTP_200_OK) -> Response:
        self._told_once = made
        return Response(SourceShown(_sources().get(pk=source.pk)).data, code)

    def _one(self, slug: str) -> Source:
        return get_object_or_404(_sources(), slug=slug)


class Sources(StaffView, ListAPIView[Source]):
    """Custom webhook sources, by slug (staff)."""

    serializer_class = SourceShown
    pagination_class = SourcePages

    def get_queryset(self) -> QuerySet[Source]:
        return _sources()

    @extend_schema(
        request=SourceSerializer,
        responses={201: SourceShown} | problems(400, 401, 403, 409),
        examples=[OpenApiExample(name, value, request_only=True) for name, value in examples.NEW.items()],
    )
    def post(self, request: Request) -> Response:
        """Make one. The answer has the address that its sender is to be given, and the secret if one was made."""
        given = _valid(SourceSerializer(data=request.data))
        secrets = given.pop("secrets", [])
        person = _person(request)
        return together(request, lambda: self._shown(*services.create(given, secrets, person), status.HTTP_201_CREATED))


class OneSource(StaffView):
    """One custom source (staff)."""

    @extend_schema(responses={200: SourceShown} | problems(401, 403, 404))
    def get(self, _request: Request, slug: str) -> Response:
        return self._shown(self._one(slug))

    @extend_schema(request=SourceSerializer(partial=True), responses={200: SourceShown} | problems(400, 401, 403, 404))
    def patch(self, request: Request, slug: str) -> Response:
        """Change what is given. Slug and scheme never change, and secrets do by `/rotate`."""
        source = self._one(slug)
        given = _valid(SourceSerializer(source, data=request.data, partial=True))
        return self._shown(services.change(source, given, _person(request)))

    @extend_schema(responses={204: None} | problems(401, 403, 404, 409))
    def delete(self, request: Request, slug: str) -> Response:
        """Delete one that was never used, or is paused and has nothing left to process. What it said stays."""
        services.remove(self._one(slug), _person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Rotate(StaffView):
    """A source's secrets (staff)."""

    @extend_schema(
        request=Rotation,
        responses={200: SourceShown} | problems(400, 401, 403, 404, 409),
        examples=[OpenApiExample("A day's overlap", {"overlap_hours": 24}, request_only=True)],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Add a secret; those in force stay good for `overlap_hours`, so that the sender can change over."""
        source, given = self._one(slug), _valid(Rotation(data=request.data))
        secret = given.get("secret", "")
        if secret:
            _require_usable(source, secret)
        overlap, person = timedelta(hours=given["overlap_hours"]), _person(request)
        return together(request, lambda: self._shown(*services.rotate(source, secret, overlap, person, timezone.now())))


class Try(StaffView):
    """A sample request (staff)."""

    @extend_schema(
        request=Sample,
        responses={200: TrialShown} | problems(400, 401, 403, 404),
        examples=[OpenApiExample("A sample", examples.SAMPLE, request_only=True)],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Whether the door would take it, or why not, and which events it would find. Nothing is stored."""
        source, given = self._one(slug), _valid(Sample(data=request.data))
        at, address = given.get("at", timezone.now()), given.get("address", "")
        trial = try_out(source, given["headers"], given["body"].encode(), at, address)
        return Response(TrialShown(trial).data)


def _sources() -> QuerySet[Source]:
    return Source.objects.prefetch_related("secrets")


def _valid(serializer: Any) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _person(request: Request) -> Person:
    user = cast(Any, request.user)
    return Person(user.email, Via.API, user.pk)


def _require_usable(source: Source, secret: str) -> None:
    try:
        require_secret(scheme_of(source.scheme, source.options), secret)
    except BadSecret as error:
        raise serializers.ValidationError({"secret": [str(error)]}, code="invalid") from error

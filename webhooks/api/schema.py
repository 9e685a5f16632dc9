"""How our OpenAPI document speaks of what may go wrong."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from webhooks.api.problems import MEDIA_TYPE, TITLES


class FieldProblem(serializers.Serializer[Any]):
    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """RFC 9457; `code` is stable, the words are not."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    request_id = serializers.CharField()
    errors = FieldProblem(many=True, required=False)  # type: ignore[assignment]  # the name is RFC 9457's practice


def problems(*statuses: int) -> dict[Any, OpenApiResponse]:
    """Responses for `extend_schema`: each status answers with a problem."""
    return {(status, MEDIA_TYPE): OpenApiResponse(Problem, TITLES[status]) for status in statuses}

"""Every error of the API becomes a Problem here, and every Problem an answer in `application/problem+json`."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from integrations.errors import IntegrationError, Retryable
from integrations.masking import printable
from webhooks.problems import FieldError, Problem

MEDIA_TYPE = "application/problem+json"
VENDOR_AGAIN = 5.0  # seconds until it is worth asking again where the vendor named no time

TITLES = {
    400: "The request cannot be understood",
    401: "Sign in first",
    403: "You may not do this",
    404: "There is nothing here",
    405: "This method is not offered here",
    406: "This format is not offered here",
    409: "This is not possible as things are",
    413: "The body is too large",
    415: "This content type is not understood",
    422: "This cannot be done as asked",
    429: "Too many requests",
    500: "Something broke on our side",
    502: "A service that we depend on refused",
    503: "A service that we depend on does not answer",
}


class ProblemRenderer(JSONRenderer):
    """JSON under the name of RFC 9457."""

    media_type = MEDIA_TYPE


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: the answer to `error`, or None for what nobody foresaw."""
    problem = as_problem(error)
    if problem is None:
        return None
    set_rollback()
    headers = problem.headers()
    if authenticate := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = authenticate
    request = context["request"]
    # The answer is a problem whatever the caller asked to be served.
    request.accepted_renderer, request.accepted_media_type = ProblemRenderer(), MEDIA_TYPE
    return Response(problem.body(), problem.status, headers=headers, content_type=MEDIA_TYPE)


def as_problem(error: Exception) -> Problem | None:
    """The Problem that an expected exception amounts to."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, exceptions.ValidationError):
        fields = list(_fields(error.get_full_details()))
        return Problem(400, "invalid", "Some fields are not right", _summary(fields), errors=fields)
    if isinstance(error, exceptions.APIException):
        return _from_drf(error)
    if isinstance(error, Http404):
        return Problem(404, "not_found", TITLES[404])
    if isinstance(error, PermissionDenied):
        return Problem(403, "permission_denied", TITLES[403])
    if isinstance(error, RequestDataTooBig):
        return Problem(413, "too_large", TITLES[413])
    if isinstance(error, IntegrationError):
        return _from_vendor(error)
    return None


def _from_vendor(error: IntegrationError) -> Problem:
    """What no service has put into words of its own. The vendor's words stay in the log."""
    if isinstance(error, Retryable):
        return Problem(503, "vendor_unavailable", TITLES[503], retry_after=error.retry_after or VENDOR_AGAIN)
    return Problem(502, "vendor_refused", TITLES[502])


def _from_drf(error: exceptions.APIException) -> Problem:
    code = error.get_codes()
    return Problem(
        error.status_code,
        code if isinstance(code, str) else error.default_code,
        TITLES.get(error.status_code, "The request was refused"),
        str(error.detail),
        retry_after=getattr(error, "wait", None),
    )


def _fields(details: Any, path: str = "") -> Iterator[FieldError]:
    """DRF's nested error details as a flat list; a list of messages ends a path, a list of objects extends it."""
    if (
        isinstance(details, dict)
        and "message" in details
        and "code" in details
        and not isinstance(details["message"], dict)
    ):
        yield {"field": printable(path), "code": str(details["code"]), "message": printable(str(details["message"]))}
    elif isinstance(details, dict):
        for name, inner in details.items():
            yield from _fields(inner, path if name == "non_field_errors" else f"{path}.{name}".lstrip("."))
    elif isinstance(details, list):
        for inner in details:
            yield from _fields(inner, path)


def _summary(fields: list[FieldError]) -> str:
    return " ".join(f"{item['field']}: {item['message']}" if item["field"] else item["message"] for item in fields)


def respond(problem: Problem, _request: HttpRequest | None = None) -> JsonResponse:
    """A Problem as a plain Django response, for errors outside DRF."""
    return JsonResponse(problem.body(), status=problem.status, headers=problem.headers(), content_type=MEDIA_TYPE)

"""What is answered when nothing better is known: a page to a person, a problem to a program."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from webhooks.api.problems import TITLES, respond
from webhooks.problems import Problem

FOR_PROGRAMS = ("/api/", "/auth/", "/webhooks/", "/.well-known/", "/events", "/ws", "/readyz", "/metrics")
CODES = {
    400: "bad_request",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    500: "internal_error",
}


def bad_request(request: HttpRequest, _exception: Exception | None = None, **_kwargs: Any) -> HttpResponse:
    return answer(request, 400)


def forbidden(request: HttpRequest, _exception: Exception | None = None, **_kwargs: Any) -> HttpResponse:
    return answer(request, 403)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return answer(request, 403, "403_csrf.html", reason)


def not_found(request: HttpRequest, _exception: Exception | None = None, **_kwargs: Any) -> HttpResponse:
    return answer(request, 404)


def broken(request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    return answer(request, 500)


def answer(request: HttpRequest, status: int, template: str = "", detail: str = "") -> HttpResponse:
    """The error in the form that suits whoever asked."""
    if request.path.startswith(FOR_PROGRAMS):
        return respond(Problem(status, CODES[status], TITLES[status], detail))
    return render(request, template or f"{status}.html", status=status)

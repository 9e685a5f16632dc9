"""What is done to every answer: the admin's looser Content-Security-Policy, and words for a bare refusal."""

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse

from config.errors import answer

ADMIN_POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}


def relax_admin_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Unfold's Alpine evaluates expressions and its widgets carry inline styles (measured; no inline script)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith("/admin/"):
            setattr(response, "_csp_replace", ADMIN_POLICY)  # noqa: B010  django-csp's way of saying it per response
        return response

    return middleware


def explain_methods(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Django's 405 has no body: a browser would show an empty page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code != 405 or response.content:
            return response
        explained = answer(request, 405)
        explained["Allow"] = response["Allow"]
        return explained

    return middleware

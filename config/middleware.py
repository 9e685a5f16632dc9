"""What every answer passes: the admin's looser policy, the mark on what is not of this moment, words for a refusal."""

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse

from config.errors import answer
from integrations.http.lastgood import collecting, stale_age

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


def mark_stale(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Say in headers how old the oldest of it is, in seconds, when a vendor is down and its last good answer served."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with collecting():
            response = get_response(request)
            age = stale_age()
        if age is not None:
            response["Age"] = response["X-Patchbay-Stale"] = str(round(age.total_seconds()))
            response["Warning"] = '110 - "Response is Stale"'
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

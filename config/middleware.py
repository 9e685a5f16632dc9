"""The one exception to the strict Content-Security-Policy: the admin, whose theme needs it."""

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse

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

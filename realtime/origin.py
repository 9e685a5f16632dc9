"""Which sites' scripts may open a socket: ours alone, because a browser sends our cookie along whoever asks."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from realtime.answers import refuse
from webhooks.problems import Problem

FOREIGN = Problem(403, "foreign_origin", "Foreign origin", "Pages of other sites may not connect here.")


class SameOrigin:
    """Lets a handshake through when its `Origin` is the host it goes to, or one that forms may come from too.

    A program sends no `Origin` and has no cookie to abuse; browsers always send one.
    """

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = HTTPConnection(scope).headers
        if _is_ours(headers.get("Origin"), headers.get("Host", "")):
            await self._application(scope, receive, send)
        else:
            await refuse(FOREIGN, scope, receive, send)


def _is_ours(origin: str | None, host: str) -> bool:
    if origin is None or origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    # The host must be one of ours as well, else a name that an attacker points at us would be its own origin.
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    return origin.lower() == f"{urlsplit(settings.PATCHBAY_URL).scheme}://{host.lower()}"

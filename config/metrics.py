"""`GET /metrics`: every process of this host in Prometheus' format, for those who may read it."""

import hmac
from ipaddress import ip_address

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST

from integrations.metrics import Counter, exposition
from webhooks.api.problems import TITLES, respond
from webhooks.problems import Problem

requests = Counter("patchbay_requests_total", "Requests and sockets that ended, by the class of their status", "status")

# Whoever sends one of these speaks for somebody else: the address we see is not the reader's.
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA", "HTTP_CF_CONNECTING_IP")


def metrics(request: HttpRequest) -> HttpResponse:
    """With `METRICS_TOKEN` set, to its bearer alone; without it, to this machine alone, and not through a proxy."""
    if settings.METRICS_TOKEN:
        if not _bears_the_token(request):
            return _who_are_you()
    elif not _is_this_machine(request):
        raise Http404
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _who_are_you() -> HttpResponse:
    answer = respond(Problem(401, "invalid_metrics_token", TITLES[401], "Send METRICS_TOKEN as a bearer token."))
    answer["WWW-Authenticate"] = 'Bearer realm="metrics"'
    return answer


def _bears_the_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    right = hmac.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())
    return right and scheme.lower() == "bearer"


def _is_this_machine(request: HttpRequest) -> bool:
    # Behind a proxy on this machine everybody comes from here, and a header that says otherwise is anybody's to send.
    if settings.BEHIND_PROXY or settings.ALLAUTH_TRUSTED_PROXY_COUNT or any(map(request.META.get, FORWARDED)):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False

"""The operators' view of customers' endpoints: all of them, to read; what is done with one is its owner's to do."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from webhooks.console.access import operators_only
from webhooks.models import Endpoint
from webhooks.portal.access import message_of
from webhooks.portal.endpoints import message_page, rows_of
from webhooks.portal.figures import with_last_delivery
from webhooks.portal.log import log_of

PAGE = 50


@require_safe
@operators_only
def endpoints(request: HttpRequest) -> HttpResponse:
    """Every endpoint, 50 to a page; `?q=` finds by URL, owner or id."""
    q, before = request.GET.get("q", "").strip(), request.GET.get("before", "")
    found = with_last_delivery(Endpoint.objects.select_related("owner").order_by("-pk"))
    if q and "\x00" not in q:
        found = found.filter(url__icontains=q) | found.filter(owner__email__icontains=q) | found.filter(uid=q)
    if before.isdecimal() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    rows = list(found[: PAGE + 1])
    context = {"rows": rows_of(rows[:PAGE]), "q": q, "older": rows[PAGE - 1].pk if len(rows) > PAGE else ""}
    return render(request, "webhooks/console/endpoints.html", context)


@require_safe
@operators_only
def endpoint(request: HttpRequest, uid: str) -> HttpResponse:
    """One endpoint and its log; `?fragment=1` gives the live part."""
    found = get_object_or_404(Endpoint.objects.select_related("owner"), uid=uid)
    context = log_of(found, request) | {"message_page": "webhooks:console_message"}
    template = "portal/_live" if "fragment" in request.GET else "console/endpoint"
    return render(request, f"webhooks/{template}.html", context)


@require_safe
@operators_only
def message(request: HttpRequest, uid: str, message: str) -> HttpResponse:
    """One message and its tries; `?fragment=1` gives the tries alone."""
    found = message_of(get_object_or_404(Endpoint, uid=uid), message)
    return message_page(request, found, "console")

"""The operators' console: what arrived, what became of it, and once more."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from integrations.registry import all_providers
from webhooks import timeline
from webhooks.models import Delivery
from webhooks.processing import again

PAGE = 50
View = Callable[..., HttpResponse]


def operators_only(view: View) -> View:
    """A guest is asked to sign in; who is signed in and not staff is told that this is not theirs."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not cast(Any, request.user).is_staff:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return login_required(guarded)


@require_safe
@operators_only
def deliveries(request: HttpRequest) -> HttpResponse:
    """The newest deliveries that fit the filters, 50 to a page; `?fragment=1` gives the rows alone."""
    wanted = {name: request.GET.get(name, "").strip() for name in ("state", "source", "q")}
    rows = list(_matching(**wanted, before=request.GET.get("before", ""))[: PAGE + 1])
    more = len(rows) > PAGE
    following = urlencode({**wanted, "before": rows[PAGE - 1].pk}) if more else ""
    context = wanted | {
        "deliveries": rows[:PAGE],
        "sources": sorted(slug for slug, provider in all_providers().items() if provider.receives),
        "states": Delivery.State.values,
        "counts": _counts(),
        "next": f"?{following}" if following else "",
    }
    template = "_deliveries.html" if "fragment" in request.GET else "deliveries.html"
    return render(request, f"webhooks/console/{template}", context)


@require_safe
@operators_only
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """One delivery: its body, headers, error and whole path."""
    found = get_object_or_404(Delivery, pk=pk)
    context = {
        "delivery": found,
        "body": readable(bytes(found.body)),
        "headers": sorted(found.headers.items()),
        "timeline": timeline.of_delivery(found),
    }
    return render(request, "webhooks/console/delivery.html", context)


@require_safe
@operators_only
def request_path(request: HttpRequest, identifier: str) -> HttpResponse:
    """Everything that was done under one request id."""
    context = {"identifier": identifier, "timeline": timeline.of_request(identifier)}
    return render(request, "webhooks/console/request.html", context)


@require_POST
@operators_only
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Process a delivery again."""
    found = get_object_or_404(Delivery, pk=pk)
    again(found)
    messages.success(request, f"Delivery {found.external_id} is being processed again.")
    return redirect("webhooks:console_delivery", pk=pk)


def _matching(state: str, source: str, q: str, before: str) -> QuerySet[Delivery]:
    rows = Delivery.objects.defer("body", "headers").order_by("-pk")
    if state:
        rows = rows.filter(state=state)
    if source:
        rows = rows.filter(source=source)
    if before.isdigit() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    if q and "\x00" not in q:
        rows = rows.filter(
            Q(external_id__icontains=q) | Q(kind__icontains=q) | Q(object_key__icontains=q) | Q(request_id=q)
        )
    return rows


def _counts() -> dict[str, Any]:
    found = dict(Delivery.objects.values_list("state").annotate(count=Count("pk")))
    return {state: found.get(state, 0) for state in Delivery.State.values}


def readable(body: bytes) -> str:
    """The body as text: JSON indented, anything else as it came, bytes that are no text as escapes."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body.decode("utf-8", "backslashreplace")

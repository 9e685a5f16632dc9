"""The operators' pages about one delivery, and about one request: the whole path on one page."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from webhooks.care import audit, viewing
from webhooks.care.audit import Kind
from webhooks.care.choice import obstacle
from webhooks.care.language import written
from webhooks.console.access import operators_only
from webhooks.console.asking import person_of
from webhooks.inbox.contents import content_of
from webhooks.models import Delivery
from webhooks.path import timeline
from webhooks.processing import failures
from webhooks.processing.order import blocked_by


@require_safe
@operators_only
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """One delivery: what it came with, masked, its tries, what people did to it, and its whole path."""
    return _page(request, get_object_or_404(Delivery, pk=pk), whole=False)


@require_POST
@operators_only
def reveal(request: HttpRequest, pk: int) -> HttpResponse:
    """The same page with nothing masked; that somebody looked is written down."""
    found = get_object_or_404(Delivery, pk=pk)
    audit.note(Kind.REVEAL, person_of(request), count=1, deliveries=[found.pk])
    answer = _page(request, found, whole=True)
    answer["Cache-Control"] = "no-store"
    return answer


@require_safe
@operators_only
def request_path(request: HttpRequest, identifier: str) -> HttpResponse:
    """Everything that was done under one request id."""
    context = {"identifier": identifier, "timeline": timeline.of_request(identifier)}
    return render(request, "webhooks/console/request.html", context)


def _page(request: HttpRequest, found: Delivery, *, whole: bool) -> HttpResponse:
    content = content_of(found)
    kept = {found.pk} if content else set()
    url = f"{settings.PATCHBAY_URL}/webhooks/{found.source}"
    context: dict[str, Any] = {
        "delivery": found,
        "whole": whole,
        "kept": content is not None,
        "body": viewing.readable(content, whole=whole),
        "headers": viewing.headers(content, whole=whole),
        "curl": viewing.curl(content, url, whole=whole),
        "again": viewing.trigger(found),
        "blocker": blocked_by(found),
        "like": f"state:dead source:{found.source} {written('type', found.kind)}" if found.state == "dead" else "",
        "failures": failures.of(found),
        "interventions": audit.about(found.pk),
        "obstacle": obstacle(Kind.REPLAY, found, timezone.now(), kept),
        "settable": not obstacle(Kind.SET_ASIDE, found, timezone.now(), kept),
        "timeline": timeline.of_delivery(found),
    }
    return render(request, "webhooks/console/delivery.html", context)

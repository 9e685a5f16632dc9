"""The operators' part about healing: what was compared with the vendor's list, and comparing it now."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from webhooks.console.access import operators_only
from webhooks.console.asking import person_of
from webhooks.healing.archives import obstacle
from webhooks.healing.report import gaps_of, searches_of
from webhooks.models import Watermark
from webhooks.sources.standing import standing_of
from webhooks.tasks import wake_heal


def healing_of(source: str) -> dict[str, Any]:
    """What the page of a source shows of its healing."""
    if why := obstacle(source):
        return {"healing_obstacle": why}
    mark = Watermark.objects.filter(pk=source).first()
    return {"mark": mark, "searches": searches_of(source), "gaps": gaps_of(source)}


@require_safe
@operators_only
def fragment(request: HttpRequest, slug: str) -> HttpResponse:
    """The report alone, as it is now."""
    return render(request, "webhooks/console/sources/_healing.html", healing_of(_known(slug)))


@require_POST
@operators_only
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """Have the source compared now, also while a vendor that refused would be left alone."""
    if why := obstacle(_known(slug)):
        messages.error(request, why)
    else:
        wake_heal(slug, early=True, person=person_of(request).pk)
        messages.success(request, "It is being compared. What comes of it appears under Healing.")
    return redirect("webhooks:console_source", slug=slug)


def _known(slug: str) -> str:
    if standing_of(slug, timezone.now()) is None:
        raise Http404
    return slug

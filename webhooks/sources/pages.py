"""The operators' pages about sources: how they stand, and a custom one from its making to its end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webhooks.console.access import operators_only
from webhooks.console.asking import person_of
from webhooks.healing.pages import healing_of
from webhooks.models import ForgeryHour, Source, SourceRule
from webhooks.problems import Problem
from webhooks.sources import services
from webhooks.sources.forms import RotationForm, SourceForm, TrialForm
from webhooks.sources.schemes import BadSecret, scheme_of
from webhooks.sources.serializers import SourceShown, require_secret
from webhooks.sources.standing import LATELY, all_standing, standing_of
from webhooks.sources.trial import try_out

FOLDER = "webhooks/console/sources"


@require_safe
@operators_only
def overview(request: HttpRequest) -> HttpResponse:
    """Every source; `?fragment=1` gives the rows alone."""
    template = "_rows.html" if "fragment" in request.GET else "overview.html"
    return render(request, f"{FOLDER}/{template}", {"sources": all_standing(timezone.now())})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@operators_only
def new(request: HttpRequest) -> HttpResponse:
    """The form of a new source, and its making."""
    form = SourceForm(request.POST or None)
    given = form.checked() if request.method == "POST" else None
    if given is None:
        return render(request, f"{FOLDER}/new.html", {"form": form})
    secrets = given.pop("secrets", [])
    try:
        source, made = services.create(given, secrets, person_of(request))
    except Problem as problem:
        form.add_error("slug", problem.detail)
        return render(request, f"{FOLDER}/new.html", {"form": form})
    return _done(request, source, made, "The source is there.")


@require_safe
@operators_only
def one(request: HttpRequest, slug: str) -> HttpResponse:
    """One source with all that may be done to it."""
    return _page(request, slug)


@require_POST
@operators_only
def change(request: HttpRequest, slug: str) -> HttpResponse:
    """Change what was filled in."""
    source = _custom(slug)
    form = SourceForm(request.POST, source=source)
    given = form.checked()
    if given is None:
        return _page(request, slug, form=form)
    return _attempt(request, slug, lambda: services.change(source, given, person_of(request)), "Changed.")


@require_POST
@operators_only
def pause(request: HttpRequest, slug: str) -> HttpResponse:
    """Pause it, or let it go on."""
    paused = request.POST.get("paused") == "1"
    words = "Paused: its sender is asked to come again later." if paused else "It goes on."
    return _attempt(
        request, slug, lambda: services.change(_custom(slug), {"paused": paused}, person_of(request)), words
    )


@never_cache
@require_POST
@operators_only
def rotate(request: HttpRequest, slug: str) -> HttpResponse:
    """Give it a new secret."""
    source, form = _custom(slug), RotationForm(request.POST)
    if not form.is_valid() or not _usable(source, form):
        return _page(request, slug, rotation=form)
    given = form.cleaned_data
    overlap = timedelta(hours=given["overlap_hours"])
    try:
        row, made = services.rotate(source, given["secret"], overlap, person_of(request), timezone.now())
    except Problem as problem:
        form.add_error(None, problem.detail)
        return _page(request, slug, rotation=form)
    return _done(request, row, made, "The new secret is in force.")


@require_POST
@operators_only
def remove(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete it, where that is possible."""
    try:
        services.remove(_custom(slug), person_of(request))
    except Problem as problem:
        messages.error(request, problem.detail)
        return redirect("webhooks:console_source", slug=slug)
    messages.success(request, f"{slug} is deleted. What it said stays.")
    return redirect("webhooks:console_sources")


@require_POST
@operators_only
def trial(request: HttpRequest, slug: str) -> HttpResponse:
    """Try a sample; nothing is stored."""
    source, form = _custom(slug), TrialForm(request.POST)
    if not form.is_valid():
        return _page(request, slug, sample=form)
    given = form.cleaned_data
    found = try_out(source, given["headers"], given["body"], given["at"] or timezone.now(), given["address"])
    return _page(request, slug, sample=form, trial=found)


def _page(request: HttpRequest, slug: str, **given: Any) -> HttpResponse:
    now = timezone.now()
    standing = standing_of(slug, now)
    if standing is None:
        raise Http404
    source = Source.objects.prefetch_related("secrets").filter(slug=slug).first() if standing.custom else None
    forged = ForgeryHour.objects.filter(source=slug, hour__gte=now - LATELY).order_by("-hour")
    rule = SourceRule.objects.filter(slug=slug).first() or SourceRule(slug=slug)
    context: dict[str, Any] = {"standing": standing, "source": source, "forged": forged}
    context |= healing_of(slug) | {"keep_days": rule.keep_days, "redactions": rule.redactions}
    if source:
        context |= {
            "shown": SourceShown(source).data,
            "form": given.get("form") or SourceForm(source=source),
            "rotation": given.get("rotation") or RotationForm(),
            "sample": given.get("sample") or TrialForm(),
            "trial": given.get("trial"),
        }
    return render(request, f"{FOLDER}/one.html", context)


def _attempt(request: HttpRequest, slug: str, work: Callable[[], object], words: str) -> HttpResponse:
    try:
        work()
    except Problem as problem:
        messages.error(request, problem.detail)
    else:
        messages.success(request, words)
    return redirect("webhooks:console_source", slug=slug)


def _done(request: HttpRequest, source: Source, made: str, words: str) -> HttpResponse:
    """Back to its page; with a secret that was made, a page that shows it this once."""
    if not made:
        messages.success(request, words)
        return redirect("webhooks:console_source", slug=source.slug)
    return render(request, f"{FOLDER}/secret.html", {"shown": SourceShown(source).data, "secret": made, "words": words})


def _usable(source: Source, form: RotationForm) -> bool:
    secret = form.cleaned_data["secret"]
    try:
        if secret:
            require_secret(scheme_of(source.scheme, source.options), secret)
    except BadSecret as error:
        form.add_error("secret", str(error))
        return False
    return True


def _custom(slug: str) -> Source:
    return get_object_or_404(Source, slug=slug)

"""What a person does to an endpoint or a message: each one POST, one call of a service, and back to a page."""

from datetime import datetime, timedelta

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from webhooks.endpoints import keys, recovery, resending, services
from webhooks.models import Endpoint
from webhooks.portal.access import is_staff, message_of, own_endpoint, people_only
from webhooks.portal.forms import ExampleForm, ResendForm, RotateForm
from webhooks.portal.words import when
from webhooks.problems import Problem


@require_POST
@people_only
def pause(request: HttpRequest, uid: str) -> HttpResponse:
    """Send nothing more for now."""
    found = own_endpoint(request, uid)
    try:
        services.pause(found)
    except Problem as problem:
        messages.error(request, problem.detail)
    else:
        messages.success(request, "Paused: nothing is sent until you resume it. What happens meanwhile is queued.")
    return redirect("portal:endpoint", uid)


@require_POST
@people_only
def resume(request: HttpRequest, uid: str) -> HttpResponse:
    """Send again; with `missed`, to an endpoint that was disabled, also what it has missed."""
    found = own_endpoint(request, uid)
    if found.state == Endpoint.State.DISABLED and "missed" in request.POST:
        order = recovery.recover(found)
        messages.success(request, f"Enabled again. What it has missed since {when(order.since)} is being queued.")
    else:
        services.resume(found)
        messages.success(request, "Enabled: what has waited is being sent.")
    return redirect("portal:endpoint", uid)


@require_POST
@people_only
def secret(request: HttpRequest, uid: str) -> HttpResponse:
    """Show the signing secret: only when asked, and never as part of a page that lies about."""
    found = own_endpoint(request, uid)
    try:
        context = {"endpoint": found, "keys": keys.current(found)}
    except Problem as problem:
        context = {"endpoint": found, "problem": problem.detail}
    template = "_secret" if "fragment" in request.POST else "secret"
    return render(request, f"webhooks/portal/{template}.html", context)


@require_POST
@people_only
def rotate(request: HttpRequest, uid: str) -> HttpResponse:
    """A fresh secret; the earlier one signs along for as long as was chosen."""
    found, form = own_endpoint(request, uid), RotateForm(request.POST)
    if not form.is_valid():
        return _refused(request, uid, form)
    overlap = timedelta(hours=form.cleaned_data["overlap_hours"])
    services.rotate(found, overlap, form.cleaned_data["scheme"])
    until = (
        f"The earlier one signs along until {when(timezone.now() + overlap)}." if overlap else "The earlier one ended."
    )
    messages.success(request, f"There is a new signing secret. {until}")
    return redirect("portal:endpoint", uid)


@require_POST
@people_only
def test(request: HttpRequest, uid: str) -> HttpResponse:
    """Send an example, and on to its page, where what comes of it appears."""
    found, form = own_endpoint(request, uid), ExampleForm(request.POST, staff=is_staff(request))
    if not form.is_valid():
        return _refused(request, uid, form)
    try:
        sent = services.send_test(found, form.cleaned_data["type"])
    except Problem as problem:
        messages.error(request, problem.detail)
        return redirect("portal:endpoint", uid)
    return redirect("portal:message", uid, sent.uid)


@require_POST
@people_only
def resend(request: HttpRequest, uid: str, message: str) -> HttpResponse:
    """Send one message again."""
    found = message_of(own_endpoint(request, uid), message)
    try:
        resending.resend(found)
    except Problem as problem:
        messages.error(request, problem.detail)
    else:
        messages.success(request, "It is being sent again, under the same webhook-id.")
    return redirect("portal:message", uid, message)


@require_http_methods(["GET", "HEAD", "POST"])
@people_only
def resend_since(request: HttpRequest, uid: str) -> HttpResponse:
    """How many messages it would be (GET), then send them again (POST)."""
    found, form = own_endpoint(request, uid), ResendForm(request.POST or request.GET)
    count: int | None = None
    if form.is_valid():
        since, delivered_too = form.cleaned_data["since"], form.cleaned_data["delivered_too"]
        try:
            if request.method == "POST":
                return _sent_again(request, found, since, delivered_too)
            count = resending.count_since(found, since, delivered_too=delivered_too)
        except Problem as problem:
            form.blame(problem)
    context = {"endpoint": found, "form": form, "count": count, "most": resending.MOST_COUNTED}
    if "fragment" in request.GET:
        return render(request, "webhooks/portal/_resend.html", context)
    return render(request, "webhooks/portal/resend.html", context, status=200 if count is not None else 422)


def _sent_again(request: HttpRequest, found: Endpoint, since: datetime, delivered_too: bool) -> HttpResponse:
    resending.resend_since(found, since, delivered_too=delivered_too)
    messages.success(request, "It is being queued; how many messages it is, this page tells as they come.")
    return redirect("portal:endpoint", found.uid)


def _refused(request: HttpRequest, uid: str, form: Form) -> HttpResponse:
    messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect("portal:endpoint", uid)

"""The pages of endpoints: which there are, one of them, one message; and the forms that make, change and end one."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import structlog
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from webhooks.api.idempotency import once_sent
from webhooks.endpoints import recovery, services
from webhooks.endpoints.parcels import body_of
from webhooks.models import Endpoint, Message
from webhooks.portal.access import is_staff, message_of, own_endpoint, people_only
from webhooks.portal.figures import figures_of, with_last_delivery
from webhooks.portal.forms import EndpointForm, ExampleForm, ResendForm, RotateForm
from webhooks.portal.log import log_of, message_context
from webhooks.portal.shown import readable
from webhooks.portal.words import standing
from webhooks.problems import Problem

log = structlog.get_logger("portal")

FORM = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@people_only
def endpoints(request: HttpRequest) -> HttpResponse:
    """The person's endpoints, with the last day of each."""
    found = with_last_delivery(Endpoint.objects.filter(owner_id=request.user.pk).order_by("pk"))
    return render(request, "webhooks/portal/endpoints.html", {"rows": rows_of(list(found))})


def rows_of(found: list[Endpoint]) -> list[dict[str, Any]]:
    """Each endpoint with how it is and its last day."""
    now = timezone.now()
    figures = figures_of(found, now)
    return [{"endpoint": one, "standing": standing(one, now), "figures": figures[one.pk]} for one in found]


@FORM
@people_only
def new(request: HttpRequest) -> HttpResponse:
    """A new endpoint; what is wrong with it is said beside the field."""
    form = EndpointForm(_sent(request), staff=is_staff(request))
    if form.is_valid():
        try:
            uid = _made(request, form.cleaned_data)
        except Problem as problem:
            form.blame(problem)
        else:
            messages.success(
                request, "The endpoint is there. Put its signing secret where it is checked, then test it."
            )
            return redirect("portal:endpoint", uid)
    return _form(request, form, None)


def _made(request: HttpRequest, fields: dict[str, Any]) -> str:
    """The uid of the endpoint that the form asks for; of the first one where the button was pressed twice."""
    token = fields.pop("once") or uuid4()
    content = repr(fields)
    ready = services.prepared(request.user, **fields)
    return once_sent(request.user, token, content, lambda: services.add(request.user, ready).uid)


@FORM
@people_only
def edit(request: HttpRequest, uid: str) -> HttpResponse:
    """Where, of what and how an endpoint is told."""
    found = own_endpoint(request, uid)
    form = EndpointForm(_sent(request), staff=is_staff(request), endpoint=found)
    if form.is_valid():
        try:
            services.change(found, **form.cleaned_data)
        except Problem as problem:
            form.blame(problem)
        else:
            messages.success(request, "The endpoint is changed.")
            return redirect("portal:endpoint", uid)
    return _form(request, form, found)


def _form(request: HttpRequest, form: EndpointForm, endpoint: Endpoint | None) -> HttpResponse:
    context = {"form": form, "endpoint": endpoint}
    return render(request, "webhooks/portal/form.html", context, status=422 if form.is_bound else 200)


def _sent(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


@FORM
@people_only
def remove(request: HttpRequest, uid: str) -> HttpResponse:
    """Ask (GET), then end it (POST)."""
    found = own_endpoint(request, uid)
    if request.method != "POST":
        waiting = found.messages.filter(state=Message.State.WAITING).count()
        return render(request, "webhooks/portal/remove.html", {"endpoint": found, "waiting": waiting})
    services.remove(found)
    messages.success(request, f"The endpoint {found.url} is gone.")
    return redirect("portal:endpoints")


@require_safe
@people_only
def endpoint(request: HttpRequest, uid: str) -> HttpResponse:
    """One endpoint: how it is, its log, and everything that can be done with it; `?fragment=1` gives the live part."""
    found, now = own_endpoint(request, uid), timezone.now()
    context = log_of(found, request) | {"message_page": "portal:message"}
    if "fragment" in request.GET:
        return render(request, "webhooks/portal/_live.html", context)
    context |= {
        "rotate_form": RotateForm(initial={"scheme": found.scheme}),
        "test_form": ExampleForm(staff=is_staff(request), told_of=found.events),
        "resend_form": ResendForm(initial={"since": now - timedelta(days=1)}),
        "missed_since": recovery.missed_since(found, now),
        "earlier": found.secrets.filter(expires_at__gt=now),
    }
    return render(request, "webhooks/portal/endpoint.html", context)


@require_safe
@people_only
def message(request: HttpRequest, uid: str, message: str) -> HttpResponse:
    """One message: what was sent, what each try came to; `?fragment=1` gives the tries alone."""
    found = message_of(own_endpoint(request, uid), message)
    return message_page(request, found, "portal")


def message_page(request: HttpRequest, found: Message, place: str) -> HttpResponse:
    """The page of a message, in the portal or in the console."""
    context = message_context(found) | {"body": _body(found)}
    template = "portal/_tries" if "fragment" in request.GET else f"{place}/message"
    return render(request, f"webhooks/{template}.html", context)


def _body(found: Message) -> str:
    try:
        return readable(body_of(found))
    except (ValueError, RecursionError) as error:
        log.exception("message.unreadable", message=found.pk)
        return f"What it says cannot be read ({type(error).__name__}): our fault."

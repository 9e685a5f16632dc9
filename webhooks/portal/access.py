"""Whose pages these are: everybody's own. What is another's is not there, for staff neither."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache

from webhooks.models import Endpoint, Message

View = Callable[..., HttpResponse]


def people_only(view: View) -> View:
    """A guest is asked to sign in; what a person sees is kept by no cache."""
    return login_required(never_cache(view))


def is_staff(request: HttpRequest) -> bool:
    """Whether the person is staff, who may be told of what belongs to no person."""
    return bool(cast(Any, request.user).is_staff)


def own_endpoint(request: HttpRequest, uid: str) -> Endpoint:
    """The person's endpoint; `Http404` for anything else."""
    return get_object_or_404(Endpoint, owner_id=request.user.pk, uid=uid)


def message_of(endpoint: Endpoint, uid: Any) -> Message:
    """One message to the endpoint, with both of them and its event; `Http404` for anything else.

    What it says is read only when it is asked for: it may be that nobody can.
    """
    found = Message.objects.select_related("endpoint", "event").defer("sample", "event__data")
    return get_object_or_404(found, endpoint=endpoint, uid=uid)

"""Who may see the operators' pages, and what an address of theirs must not be."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from webhooks.api.parameters import repeated

View = Callable[..., HttpResponse]
LISTS = ("pick",)  # the only parameter of these pages that may be there more than once


def operators_only(view: View) -> View:
    """A guest is asked to sign in; who is signed in and not staff is told that this is not theirs.

    An address that says one thing twice is not understood, and told so.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not cast(Any, request.user).is_staff:
            raise PermissionDenied
        if again := repeated(request.GET, LISTS):
            return render(request, "webhooks/console/repeated.html", {"repeated": again}, status=400)
        return view(request, *args, **kwargs)

    return login_required(guarded)

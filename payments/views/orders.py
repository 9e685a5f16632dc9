"""Checkout, and what became of an order."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from payments import problems
from payments.forms import CheckoutForm
from payments.models import Order, PaymentAttempt
from payments.progress import Progress
from payments.services import checkout as checkouts
from payments.services import settlement
from payments.views.answers import SeeOther, page_of, review_of, sentence, to
from payments.ways import Way, Ways
from webhooks.problems import Problem


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def checkout(request: HttpRequest) -> HttpResponse:
    """Look the order over (GET), place and pay it (POST)."""
    ways = Ways.today()
    form = CheckoutForm(request.POST or None, providers=[(way.slug, way.name) for way in ways.all])
    if form.is_valid():
        return _place(request, **form.cleaned_data)
    review = review_of(request)
    if not review:
        return to("cart")
    status = 422 if form.is_bound else 200
    return render(request, "payments/checkout.html", {"review": review, "form": form, "ways": ways}, status=status)


@require_safe
@login_required
@never_cache
def orders(request: HttpRequest) -> HttpResponse:
    """The person's orders, the newest first."""
    found = _of(request).order_by("-pk").prefetch_related("lines")
    return render(request, "payments/orders.html", {"page": page_of(request, found)})


@require_safe
@login_required
@never_cache
def order(request: HttpRequest, number: str) -> HttpResponse:
    """One order. On the way back from the hosted page its truth is fetched once, so no webhook is needed for it."""
    found = _mine(request, number)
    if "return" in request.GET and found.payable:
        found = settlement.refresh(found)
    return render(request, "payments/order.html", _progress(request, found))


@require_safe
@login_required
@never_cache
def order_status(request: HttpRequest, number: str) -> HttpResponse:
    """The part of the order's page that changes by itself."""
    return render(request, "payments/_order_status.html", _progress(request, _mine(request, number)))


@require_POST
def order_pay(request: HttpRequest, number: str) -> HttpResponse:
    """Go on to the hosted page of an order that is not paid."""
    if not request.user.is_authenticated:
        # Back to the order, since this address only takes what is posted.
        return redirect_to_login(reverse("payments:order", args=[number]))
    found = _mine(request, number)
    try:
        return _hosted_page(checkouts.resume(found))
    except Problem as problem:
        return _not_begun(request, problem, found)


def _place(request: HttpRequest, provider: str, key: UUID | None, total: int | None) -> HttpResponse:
    try:
        return _hosted_page(checkouts.begin(request.user, provider, str(key or ""), total))
    except Problem as problem:
        if placed := problem.extra.get("order"):
            return _not_begun(request, problem, _mine(request, placed))
        messages.error(request, sentence(problem))
        return to("checkout")


def _not_begun(request: HttpRequest, problem: Problem, found: Order) -> HttpResponse:
    if not _way(found):  # else the page itself says it, and for how long: once is enough
        messages.error(request, sentence(problem))
    return to("order", found.number)


def _hosted_page(attempt: PaymentAttempt) -> HttpResponse:
    # Settled in the meantime, or by an older page's button: the order's page tells.
    if not attempt.redirect_url or not attempt.order.payable:
        return to("order", attempt.order.number)
    return SeeOther(attempt.redirect_url)


def _progress(request: HttpRequest, found: Order) -> dict[str, Any]:
    progress = Progress.of(found, returned="return" in request.GET)
    return {"order": found, "progress": progress, "way": _way(found), "kept": problems.kept(found.number)}


def _way(found: Order) -> Way | None:
    """The way this order cannot be paid now; None where it can, and where a hosted page is there already."""
    attempt = found.attempts.last() if found.payable else None
    if attempt is None or (attempt.redirect_url and attempt.status in PaymentAttempt.OPEN):
        return None
    way = Way.of(attempt.provider)
    return way if way.wait else None


def _mine(request: HttpRequest, number: str) -> Order:
    return get_object_or_404(_of(request), number=number)


def _of(request: HttpRequest) -> Any:
    return Order.objects.filter(user=cast(Any, request.user))

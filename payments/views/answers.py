"""What the shop's pages have in common when they answer."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from payments.review import Review
from payments.services import carts
from payments.services.carts import Owner
from webhooks.problems import Problem

PER_PAGE = 24


class SeeOther(HttpResponseRedirect):
    """303: whatever was posted here, the next page is fetched with GET."""

    status_code = 303


def to(page: str, *args: str) -> SeeOther:
    """On to one of the shop's pages, by its name."""
    return SeeOther(reverse(f"payments:{page}", args=args))


def sentence(problem: Problem) -> str:
    """The problem in words for a message above the page."""
    return f"{problem.title}. {problem.detail}"


def page_of(request: HttpRequest, rows: Any) -> Page[Any]:
    """The page of `rows` that the query asks for; a nonsensical one is the first or the last."""
    return Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))


def review_of(request: HttpRequest) -> Review:
    """The cart of whoever asks, at today's prices; looking at it makes no cart."""
    return Review.of(carts.find(Owner.of(request, create=False)))

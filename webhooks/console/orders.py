"""What staff order of deliveries: first what it would come to, then, with a reason, that it be done."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_safe

from webhooks.care.audit import Kind, NoReason
from webhooks.care.choice import MOST, Choice, plan
from webhooks.care.language import Unreadable, parse
from webhooks.care.orders import NeedsYes, replay, set_aside
from webhooks.console.access import operators_only
from webhooks.console.asking import address_of, numbers, person_of, search_of
from webhooks.models import Intervention

ORDERS = {Kind.REPLAY: replay, Kind.SET_ASIDE: set_aside}
DONE = {
    Kind.REPLAY: ("is being processed again", "are being processed again"),
    Kind.SET_ASIDE: ("is set aside", "are set aside"),
}
SHOWN_AFTERWARDS = 50


@require_http_methods(["GET", "HEAD", "POST"])
@operators_only
def order(request: HttpRequest, kind: str) -> HttpResponse:
    """By GET what the order would do, which changes nothing; by POST it is carried out.

    It is about the deliveries `pick`ed, or with `all` about those that fit `q`.
    """
    if kind not in ORDERS:
        raise Http404
    given = request.POST if request.method == "POST" else request.GET
    try:
        choice = _choice(given)
        if request.method == "POST":
            return _carry_out(request, Kind(kind), choice)
        return _ask(request, Kind(kind), choice)
    except Unreadable as error:
        if "fragment" in given:
            return HttpResponse(format_html('<p class="plan">{}</p>', str(error)))
        messages.error(request, f"Nothing was changed. {error}")
        return redirect(address_of(search_of(given)))


@require_safe
@operators_only
def done(request: HttpRequest) -> HttpResponse:
    """What people did to deliveries and sources, the newest 100."""
    rows = Intervention.objects.order_by("-pk")[:100]
    return render(request, "webhooks/console/interventions.html", {"interventions": rows})


def _choice(given: QueryDict) -> Choice:
    query = parse(search_of(given), timezone.now())
    picked = numbers(given.getlist("pick"))
    if "all" not in given and not picked:
        raise Unreadable("Choose some deliveries first, or all that fit.")
    return Choice(query) if "all" in given else Choice(picked=picked)


def _ask(request: HttpRequest, kind: Kind, choice: Choice) -> HttpResponse:
    context = {
        "kind": kind,
        "plan": plan(kind, choice, timezone.now()),
        "choice": choice,
        "search": search_of(request.GET),
        "back": address_of(search_of(request.GET)),
        "most": MOST,
    }
    template = "_plan.html" if "fragment" in request.GET else "plan.html"
    return render(request, f"webhooks/console/{template}", context)


def _carry_out(request: HttpRequest, kind: Kind, choice: Choice) -> HttpResponse:
    try:
        row = ORDERS[kind](choice, person_of(request), request.POST.get("reason", ""), yes="yes" in request.POST)
    except (NoReason, NeedsYes) as error:
        messages.error(request, f"Nothing was changed. {error}")
        again = request.POST.copy()
        for name in ("csrfmiddlewaretoken", "reason", "yes"):
            again.pop(name, None)
        return redirect(f"{request.path}?{again.urlencode()}")
    one, many = DONE[kind]
    said = f"1 delivery {one}." if row.count == 1 else f"{row.count:,} deliveries {many}."
    (messages.success if row.count else messages.warning)(request, said)
    return redirect(_afterwards(row, search_of(request.POST)))


def _afterwards(row: Intervention, search: str) -> str:
    """Where one sees what becomes of them: their own list while it is short, else the search they came from."""
    touched = list(row.touched.values_list("delivery_id", flat=True)[: SHOWN_AFTERWARDS + 1])
    if touched and len(touched) <= SHOWN_AFTERWARDS:
        return address_of("id:" + ",".join(map(str, touched)))
    return address_of(search)

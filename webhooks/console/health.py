"""The operators' pages about the vendors: how each is, what was wrong with it, and what staff order about it."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from integrations import control, figures, observations, states
from integrations.causes import OURS, name_of, span
from integrations.figures import Figures
from integrations.health import watched
from integrations.http.states import Look
from integrations.models import BreakerOrder, Incident, State, VendorHealth
from integrations.registry import all_providers
from integrations.sparkline import Sparkline, draw
from webhooks.console.access import operators_only

Mode = BreakerOrder.Mode
SHOWN = 5  # orders that are in sight; the earlier ones are folded away
GIVEN = {
    Mode.AUTO: "The circuit of {name} is automatic now.",
    Mode.OPEN: "The circuit of {name} is held open now: nothing is sent.",
    Mode.CLOSED: "The circuit of {name} is held closed now: everything is sent.",
    Mode.DISABLED: "The circuit of {name} is disabled now: everything is sent, and nothing is counted.",
    Mode.WATCH: "The circuit of {name} only watches now: it counts, and refuses nothing.",
    Mode.PAUSE: "The probes of {name} are paused now.",
    Mode.RESUME: "The probes of {name} go on now.",
}
GRAVEST = (State.DOWN, State.DEGRADED, State.LATE, State.PAUSED, State.NEW, State.UP)


@dataclass(frozen=True)
class Card:
    """One vendor as operators see it at one moment. `since` is None for a state so new that nobody has noted it yet."""

    at: datetime
    slug: str
    name: str
    state: State
    since: datetime | None
    circuit: Look
    figures: Figures
    sparkline: Sparkline
    last_good: datetime | None
    quota: str
    incident: Incident | None

    @property
    def failed(self) -> str:
        """The error rate; one failure is never rounded down to none."""
        rate = 100 * (self.figures.error_rate or 0.0)
        return f"{rate:.1f} %" if 0 < rate < 10 else f"{rate:.0f} %"

    @property
    def for_long(self) -> str:
        """How long the vendor has been in its state, in words."""
        return span((self.at - self.since).total_seconds()) if self.since else ""

    @property
    def last_good_ago(self) -> str:
        """How long ago the vendor answered well, in words."""
        return f"{span((self.at - self.last_good).total_seconds())} ago" if self.last_good else "never"

    @property
    def circuit_words(self) -> str:
        """The circuit in words, with the seconds until something changes."""
        circuit = self.circuit
        if circuit.mode == "open":
            return "open, held by staff"
        if circuit.effective == "open":
            return f"open, tried again in {circuit.opens_in:.0f} s"
        if circuit.effective == "half_open":
            return f"half open, {circuit.leases} calls let through"
        watched = f", would be {circuit.state.replace('_', ' ')}" if circuit.state != circuit.effective else ""
        gate = f", and asked to wait {circuit.gate:.0f} s" if circuit.gate else ""
        return f"closed{watched}{gate}"


def card_of(slug: str, now: datetime) -> Card:
    """What is known of the vendor at `now`; its state is judged anew, for the circuit may have opened since."""
    hour = figures.figures(slug, 60, now)
    state = states.state(observations.observe(slug, now, paused=control.paused(slug)))
    noted = VendorHealth.objects.filter(vendor=slug, state=state).first()
    return Card(
        at=now,
        slug=slug,
        name=name_of(slug),
        state=state,
        since=noted.since if noted and noted.checked_at else None,
        circuit=observations.look(slug),
        figures=hour,
        sparkline=draw([(ok, failed) for _, ok, failed in hour.per_minute]),
        last_good=observations.last_good(slug),
        quota=observations.quota(slug),
        incident=_telling(slug),
    )


def _telling(slug: str) -> Incident | None:
    """The incident to show: one that is open, the gravest first, else the last there was."""
    incidents = Incident.objects.filter(vendor=slug)
    open_now = sorted(incidents.filter(closed_at=None), key=lambda one: Incident.Kind.values.index(one.kind))
    return open_now[0] if open_now else incidents.order_by("-opened_at").first()


@require_safe
@operators_only
def overview(request: HttpRequest) -> HttpResponse:
    """Every configured vendor, those in trouble first; `?fragment=1` gives the cards alone."""
    now = timezone.now()
    cards = sorted((card_of(slug, now) for slug in watched()), key=lambda card: GRAVEST.index(card.state))
    ours = Incident.objects.filter(vendor=OURS, closed_at=None).first()
    absent = [provider.name for provider in all_providers().values() if not provider.configured]
    template = "_health.html" if "fragment" in request.GET else "health.html"
    return render(request, f"webhooks/console/{template}", {"cards": cards, "ours": ours, "absent": absent})


@require_safe
@operators_only
def vendor(request: HttpRequest, slug: str) -> HttpResponse:
    """One vendor: its card, its history, what failed lately, and what staff ordered; `?fragment=1` the live part."""
    card = card_of(_known(slug), timezone.now())
    if "fragment" in request.GET:  # every two seconds: of the rest nothing is renewed, and nobody asks the vendor
        return render(request, "webhooks/console/_vendor.html", {"card": card})
    orders = list(BreakerOrder.objects.filter(vendor=slug).select_related("by").order_by("-pk")[:20])
    context = {
        "card": card,
        "account": observations.account(slug),
        "failures": figures.recent_failures(slug, 20),
        "incidents": Incident.objects.filter(vendor=slug).order_by("-opened_at")[:20],
        "orders": orders[:SHOWN],
        "earlier": orders[SHOWN:],
        "paused": control.paused(slug),
        "probes": all_providers()[slug].probes,
        "modes": [mode for mode in Mode if mode not in control.PROBING],
    }
    return render(request, "webhooks/console/vendor.html", context)


@require_POST
@operators_only
def order(request: HttpRequest, slug: str) -> HttpResponse:
    """Carry out what staff ordered, with their reason; without one it is not carried out."""
    mode, reason = request.POST.get("mode", ""), request.POST.get("reason", "")
    try:
        control.give(_known(slug), mode, reason, request.user.pk)
    except control.NoReason as error:
        messages.error(request, f"Nothing was changed. {error}")
    except ValueError:
        messages.error(request, "Nothing was changed: there is no such order.")
    else:
        messages.success(request, GIVEN[Mode(mode)].format(name=name_of(slug)))
    return redirect("webhooks:console_vendor", slug=slug)


def _known(slug: str) -> str:
    if slug not in all_providers():
        raise Http404
    return slug

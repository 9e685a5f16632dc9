"""What staff may order of a vendor's circuit and probes: each order is a row with its reason, and the newest holds."""

import structlog
from django.db import transaction
from django.db.models import Max

from integrations import observations
from integrations.masking import printable
from integrations.models import BreakerOrder
from integrations.registry import all_providers

log = structlog.get_logger("control")

Mode = BreakerOrder.Mode
PROBING = (Mode.PAUSE, Mode.RESUME)


class NoReason(ValueError):
    """An order without a reason is none: the audit has to say why."""


@transaction.atomic
def give(vendor: str, mode: str, reason: str, by: int | None) -> BreakerOrder:
    """Note the order, then carry it out. `NoReason` without one, `ValueError` for a mode that does not exist."""
    if not reason.strip():
        raise NoReason("Say why: the next person will want to know.")
    said = printable(reason.strip())[:300]
    order = BreakerOrder.objects.create(vendor=vendor, mode=Mode(mode), reason=said, by_id=by)
    log.warning("order", vendor=vendor, mode=mode, reason=order.reason, by=by)
    if order.mode not in PROBING:
        transaction.on_commit(lambda: observations.order(vendor, mode))
    return order


def paused(vendor: str) -> bool:
    """Whether staff have paused this vendor's probes."""
    newest = BreakerOrder.objects.filter(vendor=vendor, mode__in=PROBING).order_by("-pk").first()
    return newest is not None and newest.mode == Mode.PAUSE


def enforce() -> int:
    """See that each circuit is in the mode that was ordered last; returns how many were not.

    The row is the truth: a process that has just started, and a Redis that has lost everything, know of no order.
    """
    orders = BreakerOrder.objects.exclude(mode__in=PROBING)
    newest = orders.values("vendor").annotate(newest=Max("pk")).values("newest")
    enforced = 0
    for slug, mode in orders.filter(pk__in=newest).values_list("vendor", "mode"):
        # Read again before anything is done: a newer order may have been given, and carried out, since.
        if slug in all_providers() and _mode(slug) != mode and ordered(slug) == mode:
            observations.order(slug, mode)
            enforced += 1
    return enforced


def ordered(vendor: str) -> str:
    """The mode that was ordered last for this vendor's circuit; empty when none ever was."""
    newest = BreakerOrder.objects.filter(vendor=vendor).exclude(mode__in=PROBING).order_by("-pk").first()
    return newest.mode if newest else ""


def _mode(vendor: str) -> str:
    return observations.look(vendor).mode

"""What staff alone are told of deliveries: the tries that failed, who did something to them, and what they wait for."""

from collections.abc import Iterable, Iterator

from webhooks.models import Delivery, FailedTry, Touched
from webhooks.path.steps import Step
from webhooks.processing.order import blocked_by

MOST = 200


def of_deliveries(deliveries: Iterable[Delivery]) -> Iterator[Step]:
    """The steps of these deliveries that are no business of whoever they are about."""
    rows = {row.pk: row for row in deliveries}
    for one in FailedTry.objects.filter(delivery_id__in=rows).order_by("at")[:MOST]:
        kind = rows[one.delivery_id].kind
        yield Step(one.at, "try", f"try {one.number} at {kind} failed", one.reason, False)
    touched = Touched.objects.filter(delivery_id__in=rows).select_related("intervention").order_by("pk")[:MOST]
    for touch in touched:
        done = touch.intervention
        title = f"{rows[touch.delivery_id].kind} {done.get_kind_display()} by {done.who}"
        yield Step(done.at, "person", title, done.reason)
    for row in rows.values():
        if ahead := blocked_by(row):
            yield Step(row.due_at, "processing", f"{row.kind} waits behind #{ahead.pk}", ahead.reason, None)

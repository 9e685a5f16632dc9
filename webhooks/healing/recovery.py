"""The webhooks that are missing, fetched one by one, the oldest first."""

from collections.abc import Callable, Sequence

from integrations.errors import NotFound, Refused
from integrations.masking import masked
from integrations.ports import EventArchive, Kept
from webhooks.healing.storing import Fetched, store
from webhooks.models import Delivery, Gap, Search
from webhooks.sources.events import storable

AT_ONCE = 20  # what is fetched between two commits: so much is asked anew when the process dies
Outcome = Gap.Outcome


def recover(search: Search, archive: EventArchive, hold: Callable[[], None]) -> None:
    """Fill the search's gaps. `hold` is called before every question to the vendor, and may end it all."""
    while gaps := _open(search):
        fetched: list[Fetched] = []
        try:
            for gap in _not_arrived(search, gaps):
                hold()
                if found := _fetch(archive, gap):
                    fetched.append(found)
        finally:
            # Also when the run ends here: were it thrown away, a vendor slow enough would never be done with.
            store(search.source, fetched)


def _open(search: Search) -> list[Gap]:
    # The lists begin with the newest: of two that were sent in one second, the one noted later is the earlier one.
    return list(search.gaps.filter(outcome=Outcome.OPEN).order_by("sent_at", "-pk")[:AT_ONCE])


def _not_arrived(search: Search, gaps: Sequence[Gap]) -> list[Gap]:
    """Those that are still missing: between the list and now the vendor may have tried again."""
    ids = [gap.external_id for gap in gaps]
    came = set(Delivery.objects.filter(source=search.source, external_id__in=ids).values_list("external_id", flat=True))
    search.gaps.filter(external_id__in=came).update(outcome=Outcome.ARRIVED)
    return [gap for gap in gaps if gap.external_id not in came]


def _fetch(archive: EventArchive, gap: Gap) -> Fetched | None:
    """What fills the gap; None, and why written down, where nothing can. Other errors are not the gap's."""
    try:
        kept = archive.fetch(gap.handle)
        storable(kept.delivery)
        _require_same(kept, gap)
    except NotFound as error:
        _give_up(gap, Outcome.GONE, error)
    except Refused as error:
        _give_up(gap, Outcome.UNREADABLE, error)
    else:
        return Fetched(gap, kept)
    return None


def _require_same(kept: Kept, gap: Gap) -> None:
    if kept.delivery.external_id != gap.external_id:
        raise Refused("the vendor gave another one than was asked for")


def _give_up(gap: Gap, outcome: Outcome, error: Exception) -> None:
    gap.outcome, gap.words = outcome, masked(str(error), 255)
    gap.save(update_fields=["outcome", "words"])

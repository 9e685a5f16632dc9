"""One run of the gap finder for one source: compare, fetch what is missing, report; resumed where it was left.

The vendor is asked outside of transactions, in bounded time. Whatever stops a run, the rows say how far it came.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from integrations.claims import backoff
from integrations.correlation import correlate
from integrations.errors import IntegrationError, Retryable
from integrations.http import deadline
from integrations.masking import masked
from integrations.ports import EventArchive, SentPage
from webhooks.healing.archives import archive_of
from webhooks.healing.leases import Overtaken, claim, release, renew
from webhooks.healing.listing import missing_among, page_after, remark, skew_of
from webhooks.healing.ranges import since_of, until_of
from webhooks.healing.recovery import recover
from webhooks.healing.telling import tell_failure, tell_result
from webhooks.models import Gap, Search, Watermark
from webhooks.sources.events import LONGEST

log = structlog.get_logger("healing")

RUN = 120.0  # seconds after which a run makes room for others, and goes on with the next
ROOM = 25.0  # what has to be left of them for one more question
FIRST_PAUSE = 60.0  # seconds after the first failure; it doubles from there
UNEVENTFUL = timedelta(days=7)  # for which a search is kept that found nothing


class Pause(Exception):
    """The time of this run is over; all is well."""


def heal(
    source: str, now: datetime, *, early: bool = False, since: datetime | None = None, who: str = ""
) -> Search | None:
    """Compare a source with its vendor's list, and recover what is missing; None when another run has it, or it is
    not due and not to be `early`. The search tells what came of it. `NotConfigured`: there is no list to ask.
    """
    archive = archive_of(source)
    mark = claim(source, now, early=early or since is not None)
    if mark is None:
        return None
    with correlate(""), deadline.within(RUN):
        search = _search(mark, archive, now, since, who)
        try:
            _attempt(mark, search, archive)
        except Overtaken:
            log.warning("healing.overtaken", source=source, search=search.pk)
            search.refresh_from_db()
        return search


def _search(mark: Watermark, archive: EventArchive, now: datetime, asked: datetime | None, who: str) -> Search:
    """The search that was left unfinished, else a new one."""
    left = Search.objects.filter(source=mark.source, finished_at=None).first()
    if left and asked is None:
        return left
    since = since_of(mark, archive.reach, now, asked)
    if left:  # it is contained in the new one, which goes further back
        since = min(since, left.since)
        Search.objects.filter(pk=left.pk).update(finished_at=now, error=f"Replaced by one from {since:%Y-%m-%d %H:%M}.")
    until = max(since, until_of(now))
    return Search.objects.create(source=mark.source, since=since, until=until, started_at=now, who=who)


def _attempt(mark: Watermark, search: Search, archive: EventArchive) -> None:
    def hold() -> None:
        if (deadline.remaining() or 0.0) < ROOM:
            raise Pause
        renew(mark)

    try:
        while search.listed_at is None:
            hold()
            _compare(mark, search, *page_after(archive, search.since, search.until, search.cursor))
        recover(search, archive, hold)
    except Pause:
        _count(search)
        release(mark, due_at=timezone.now())
        log.info("healing.paused", source=mark.source, search=search.pk, listed=search.listed)
    except IntegrationError as error:
        _count(search)
        _fail(mark, search, error)
    else:
        _finish(mark, search)


@transaction.atomic
def _compare(mark: Watermark, search: Search, page: SentPage, first: bool) -> None:
    """Take one page over: its gaps, and where the list goes on."""
    # What no column holds, the door would not have taken either.
    gaps = [
        Gap(search=search, external_id=item.id, kind=item.kind, sent_at=item.at, handle=item.handle)
        for item in missing_among(search.source, page.sent)
        if max(len(item.id), len(item.kind), len(item.handle)) <= LONGEST
    ]
    Gap.objects.bulk_create(gaps, ignore_conflicts=True)
    search.listed = (0 if first else search.listed) + len(page.sent)
    search.missing = search.gaps.count()
    search.cursor, search.listed_at = page.cursor, None if page.cursor else timezone.now()
    skew = skew_of(page)
    search.remark = remark(search.source, skew)
    search.save(update_fields=["listed", "missing", "cursor", "listed_at", "remark"])
    renew(mark)
    Watermark.objects.filter(pk=mark.pk).update(skew=int(skew.total_seconds()))


def _count(search: Search) -> None:
    """Bring the search's figures up to date with its gaps."""
    outcomes = list(search.gaps.values_list("outcome", flat=True))
    search.recovered = outcomes.count(Gap.Outcome.RECOVERED)
    search.lost = outcomes.count(Gap.Outcome.GONE) + outcomes.count(Gap.Outcome.UNREADABLE)
    # What arrived by itself after all was late, and not missing.
    search.missing = len(outcomes) - outcomes.count(Gap.Outcome.ARRIVED)
    search.save(update_fields=["recovered", "lost", "missing"])


def _fail(mark: Watermark, search: Search, error: IntegrationError) -> None:
    now = timezone.now()
    search.code, search.error = error.code, masked(str(error), 500)
    search.save(update_fields=["code", "error"])
    asked = error.retry_after if isinstance(error, Retryable) else None
    failures = mark.failures + 1
    release(mark, failures=failures, due_at=now + backoff(failures, asked, base=FIRST_PAUSE))
    log.warning("healing.failed", source=mark.source, search=search.pk, code=error.code, error=search.error)
    tell_failure(search, error, failures, now)


def _finish(mark: Watermark, search: Search) -> None:
    now = timezone.now()
    _count(search)
    with transaction.atomic():
        search.finished_at, search.code, search.error = now, "", ""
        search.save(update_fields=["finished_at", "code", "error"])
        reached = max(search.until, mark.reached) if mark.reached else search.until
        release(mark, reached=reached, failures=0, due_at=now)
    found = {"listed": search.listed, "missing": search.missing, "recovered": search.recovered, "lost": search.lost}
    (log.warning if search.missing else log.info)("healing.done", source=mark.source, search=search.pk, **found)
    tell_result(search, now)
    Search.objects.filter(source=mark.source, missing=0, finished_at__lt=now - UNEVENTFUL).delete()

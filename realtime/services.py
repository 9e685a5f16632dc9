"""The writers of the log: append an event, open a stream, trim what is old."""

from datetime import datetime, timedelta

from django.db.models import Min
from django.utils import timezone

from integrations.ports import Event
from realtime.log import Position
from realtime.models import Stream, StreamEvent

KEPT = timedelta(days=7)


def append(key: str, event: Event) -> None:
    """Give `event` the next number of the stream, once; the row's lock makes numbers follow the commits."""
    stream, _ = Stream.objects.select_for_update().get_or_create(key=key)
    if stream.events.filter(event_id=event.id).exists():
        return
    stream.seq += 1
    stream.save(update_fields=["seq"])
    stream.events.create(seq=stream.seq, event_id=event.id, name=event.name, data=dict(event.data), at=event.at)


def open_stream(key: str) -> Position:
    """Where the stream stands now; begins it when nothing was ever told there."""
    stream, _ = Stream.objects.get_or_create(key=key)
    return Position(stream.pk, stream.epoch, stream.seq)


def trim(kept: timedelta = KEPT) -> int:
    """Forget events older than `kept`, from each stream's old end only; returns how many.

    What stays is always one unbroken run up to the newest number, so a reader can tell loss from silence.
    """
    limit = timezone.now() - kept
    streams = StreamEvent.objects.order_by().filter(at__lt=limit).values_list("stream", flat=True).distinct()
    return sum(_trim_stream(stream, limit) for stream in list(streams))


def _trim_stream(stream: int, limit: datetime) -> int:
    log = StreamEvent.objects.filter(stream=stream)
    first = log.filter(at__gte=limit).aggregate(first=Min("seq"))["first"]
    old = log.filter(at__lt=limit) if first is None else log.filter(seq__lt=first)
    return old.delete()[0]

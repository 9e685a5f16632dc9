"""A vendor's list that does as the test says."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from integrations.contract import Delivery
from integrations.errors import NotFound, Permanent
from integrations.ports import Kept, Sent, SentPage

SIZE = 100


class Archive:
    """Lists `events` newest first, a hundred a page; cursors say from where and how old they are."""

    reach = timedelta(days=3)

    def __init__(self) -> None:
        self.events: list[Sent] = []
        self.vanished: set[str] = set()
        self.expired: set[str] = set()
        self.asked: list[str] = []
        self.ahead = timedelta()
        self.before: Callable[[str], object] = lambda _what: None

    def send(self, count: int = 1, *, at: datetime | None = None, object_key: str = "", kind: str = "push") -> None:
        moment = at or timezone.now() - timedelta(minutes=5)
        for _ in range(count):
            number = len(self.events)
            sent = Sent(id=f"e-{number}", kind=kind, at=moment, handle=str(number), object_key=object_key)
            self.events.append(sent)

    def page(self, since: datetime, until: datetime, cursor: str = "") -> SentPage:
        self.asked.append(f"page {cursor}")
        self.before(f"page {cursor}")
        if cursor in self.expired:
            self.expired.discard(cursor)
            raise Permanent("the cursor has expired")
        first = int(cursor or 0)
        found = [sent for sent in reversed(self.events) if since <= sent.at <= until]
        return SentPage(
            sent=found[first : first + SIZE],
            cursor=str(first + SIZE) if first + SIZE < len(found) else "",
            clock=timezone.now() + self.ahead,
        )

    def fetch(self, handle: str) -> Kept:
        self.asked.append(f"fetch {handle}")
        self.before(f"fetch {handle}")
        sent = self.events[int(handle)]
        if sent.id in self.vanished:
            raise NotFound("there is no such delivery")
        body = json.dumps({"number": int(handle)}).encode()
        delivery = Delivery(external_id=sent.id, kind=sent.kind, body=body, object_key=sent.object_key)
        return Kept(delivery=delivery, headers={"x-github-event": sent.kind, "authorization": "of nobody's business"})

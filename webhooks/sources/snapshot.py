"""The custom sources as this process knows them: read from the database when something has changed, asked without it.

The door stands on the event loop, where nothing may wait for a database. A thread looks every second whether there
is news; the process that made a change looks at once.
"""

import threading
from collections.abc import Iterator, Mapping

import structlog

from integrations.vault import Unreadable, unseal
from webhooks.models import Source
from webhooks.sources.custom import Custom, Secret
from webhooks.sources.places import places
from webhooks.sources.schemes import scheme_of

log = structlog.get_logger("sources")

PURPOSE = "webhook source secret"
Versions = dict[int, int]


class Snapshot:
    """All custom sources by slug; `loaded` once they were read for the first time."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Know nothing, as a new process does."""
        self._loading = threading.Lock()
        self._versions: Versions = {}
        self._sources: Mapping[str, Custom] = {}
        self.loaded = False

    def get(self, slug: str) -> Custom | None:
        """The source, as of the last look; asks nobody."""
        return self._sources.get(slug)

    def refresh(self) -> None:
        """Take over what has changed: one short query when nothing has, two more when something did."""
        # One at a time, from the first read to the last: else an old picture could replace a newer one.
        with self._loading:
            versions = dict(Source.objects.values_list("pk", "version"))
            if self.loaded and versions == self._versions:
                return
            rows = Source.objects.prefetch_related("secrets")
            self._sources = {row.slug: custom for row in rows if (custom := opened(row))}
            self._versions, self.loaded = versions, True


snapshot = Snapshot()


def opened(row: Source) -> Custom | None:
    """The source with its secrets open; None, and a line in the log, for a row that cannot be understood."""
    try:
        return Custom(
            slug=row.slug,
            name=row.name,
            rate=row.rate,
            paused=row.paused,
            scheme=scheme_of(row.scheme, row.options),
            secrets=list(secrets_of(row)),
            ignored=frozenset(row.ignored),
            id_from=places(row.id_from),
            type_from=places(row.type_from),
            object_from=places(row.object_from),
            json=row.format == Source.Format.JSON,
            split=row.split,
        )
    except (KeyError, TypeError, ValueError) as error:
        log.error("source.unreadable", source=row.slug, error=repr(error))
        return None


def secrets_of(row: Source) -> Iterator[Secret]:
    """Its secrets, open, the newest first."""
    for kept in row.secrets.all():
        try:
            yield Secret(unseal(kept.sealed, PURPOSE).decode(), kept.expires_at)
        except Unreadable:
            # Sealed under a SECRET_KEY that is gone: staff see a source without a secret, and give it a new one.
            log.error("source.secret_unreadable", source=row.slug, secret=kept.pk)

"""What the vendors remember: tables of JSON objects by id, kept in memory and, when asked, in one file."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

Json = dict[str, Any]
LIMIT = 5000


class Table(dict[str, Json]):
    """Objects by id in order of creation; the oldest is forgotten when there are more than `LIMIT`."""

    def __setitem__(self, identifier: str, thing: Json) -> None:
        super().__setitem__(identifier, thing)
        if len(self) > LIMIT:
            del self[next(iter(self))]


class Store:
    """The tables of one sandbox. Whoever changes an object calls `changed`."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._tables: dict[str, Table] = {}
        self._dirty = asyncio.Event()
        if file and file.exists():
            self._load(file)

    def table(self, vendor: str, name: str) -> Table:
        """The table `name` of `vendor`, made when it is first asked for."""
        return self._tables.setdefault(f"{vendor}.{name}", Table())

    def changed(self) -> None:
        """Have the tables written soon."""
        self._dirty.set()

    def clear(self) -> None:
        """Forget everything. The tables stay the same objects, so that whoever holds one sees it empty."""
        for table in self._tables.values():
            table.clear()
        self.changed()

    def save(self) -> None:
        """Write the tables aside and rename: a reader finds the old file or the new one, never half of one."""
        if self._file and self._dirty.is_set():
            self._dirty.clear()
            self._file.parent.mkdir(parents=True, exist_ok=True)
            aside = self._file.with_suffix(".new")
            aside.write_text(json.dumps(self._tables), encoding="utf-8")
            os.replace(aside, self._file)

    async def keep(self) -> None:
        """Write after changes, at most once a second, for ever."""
        while True:
            await self._dirty.wait()
            self.save()
            await asyncio.sleep(1)

    def _load(self, file: Path) -> None:
        for name, objects in json.loads(file.read_text(encoding="utf-8")).items():
            self._tables[name] = Table(objects)

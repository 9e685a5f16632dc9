"""Every payload that GitHub's own package of examples holds is accepted at the door and kept as it came.

The package is fetched by npm, from wherever npm is told to fetch from; where that cannot be, this is skipped.
"""

import asyncio
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from integrations.sandbox.signing import seal
from tests.webhooks.test_ingest import Exchange
from webhooks.inbox.contents import contents_of
from webhooks.inbox.ingest import Ingest
from webhooks.inbox.writer import Inbox
from webhooks.models import Delivery
from webhooks.processing.drain import drain

PACKAGE = "@octokit/webhooks-examples@7.6.1"


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> list[tuple[str, bytes]]:
    """The kind and the body of each."""
    folder = tmp_path_factory.mktemp("npm")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not on the path")
    try:
        subprocess.run([npm, "pack", "--silent", PACKAGE], cwd=folder, check=True, capture_output=True, timeout=60)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm cannot fetch {PACKAGE}: {(error.stderr or b'').decode()[-200:]}")
    return list(_read(next(folder.glob("*.tgz"))))


def _read(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as package:
        index = next(name for name in package.getnames() if name.endswith("index.json") and "ghes" not in name)
        for kind in json.load(package.extractfile(index)):
            for example in kind["examples"]:
                yield kind["name"], json.dumps(example).encode()


@pytest.mark.django_db(transaction=True)
def test_every_example_is_accepted_kept_and_processed(examples: list[tuple[str, bytes]]) -> None:
    inbox = Inbox()
    inbox.start()
    answered = asyncio.run(_send(Ingest(inbox), examples))
    inbox.stop()
    assert [kind for kind, status in answered if status != 200] == []
    assert len(examples) == 329
    rows = list(Delivery.objects.order_by("external_id"))
    kept = contents_of(rows)
    assert [(row.kind, kept[row.pk].body) for row in rows] == examples
    while drain():
        pass
    assert set(Delivery.objects.values_list("state", flat=True)) == {"handled", "ignored"}


async def _send(door: Any, examples: list[tuple[str, bytes]]) -> list[tuple[str, int]]:
    answered = []
    for number, (kind, body) in enumerate(examples):
        sealed = seal("github", body, kind=kind, now=timezone.now(), delivery=f"d-{number:04}")
        headers = [(name.lower().encode(), value.encode()) for name, value in sealed.headers.items()]
        exchange = Exchange(body, headers, "github", 1 << 16)
        await door(exchange.scope, exchange.receive, exchange.send)
        answered.append((kind, exchange.status))
    return answered

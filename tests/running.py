"""Patchbay as processes, and a browser in front of it, for the tests that look from outside."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.services import database
from tests.topology import EMBEDDED, Topology


@pytest.fixture(scope="module")
def patchbay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    """The embedded topology, running."""
    with Topology(tmp_path_factory.mktemp("var"), EMBEDDED) as running:
        yield running


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        expect.set_options(timeout=60_000)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database that needs no migrating."""
    folder = tmp_path_factory.mktemp("prepared")
    Topology(folder, {}).prepare()
    return folder


@pytest.fixture(scope="module")
def prepared_grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The same on PostgreSQL: the folder, and the name of the database to copy."""
    folder = tmp_path_factory.mktemp("prepared-grown")
    with database() as url:
        Topology(folder, {}, DATABASE_URL=url).prepare()
        yield folder, urlsplit(url).path.strip("/")

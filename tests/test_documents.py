"""The documents find each other: every note is in its index and in one form, every page is named in the README."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTES = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
TOP = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES = sorted((ROOT / "docs").glob("*.md"))
FORM = re.compile(r"# (\d{4}) (\S.*)\n\d{4}-\d\d-\d\d\n\n\S")


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note.stem)
def test_a_decision_has_its_number_title_and_day_and_is_in_the_index(note):
    form = FORM.match(note.read_text(encoding="utf-8"))
    assert form, "begin with `# 0042 Title`, the day below it, an empty line"
    assert form[1] == note.name[:4]
    assert f"| [{form[1]}]({note.name}) | {form[2]} |" in (note.parent / "README.md").read_text(encoding="utf-8")


def test_decisions_are_numbered_without_gaps():
    assert [int(note.name[:4]) for note in NOTES] == list(range(1, len(NOTES) + 1))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_is_named_in_the_readme(page):
    where = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Where things are")[2].partition("\n## ")[0]
    assert f"(docs/{page.name})" in where


@pytest.mark.parametrize("page", [*TOP, *PAGES, *NOTES], ids=lambda page: page.stem)
def test_no_link_leads_nowhere(page):
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []

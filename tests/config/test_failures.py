"""The page about failing vendors says what the code does."""

import pytest

from config import failures
from integrations.http.meaning import RULES
from integrations.http.states import Mode


@pytest.fixture
def page() -> str:
    return failures.PAGE.read_text(encoding="utf-8")


def test_the_page_is_as_the_code_is(page):
    assert page == failures.woven(page), "run `make docs`"


def test_every_table_is_on_the_page(page):
    assert failures.TABLE.findall(page) == list(failures.TABLES)


def test_a_change_of_the_code_shows(page, monkeypatch):
    monkeypatch.setattr(failures, "RULES", RULES[1:])
    assert failures.woven(page) != page


def test_the_page_leaves_out_no_rule_and_no_order(page):
    assert all(rule.what in page for rule in RULES)
    assert all(f"`{mode}`" in page for mode in Mode)


def test_a_table_that_nobody_makes_is_an_error():
    with pytest.raises(KeyError):
        failures.woven("<!-- table: wishes -->\n<!-- end -->")

"""What staff decide of a source holds for what arrives."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from tests.clocks import eventually
from tests.webhooks.arrivals import arrive
from tests.webhooks.test_ingest import BODY, post
from webhooks.care.redaction import WITHHELD
from webhooks.inbox import writer
from webhooks.inbox.contents import content_of
from webhooks.inbox.rules import current
from webhooks.inbox.writer import Inbox
from webhooks.models import Delivery, SourceRule

pytestmark = pytest.mark.django_db(transaction=True)

LATE = datetime(2026, 11, 24, 23, 59, tzinfo=UTC)


def row(source: str = "github", body: bytes = BODY) -> tuple[Any, ...]:
    return (source, "d-1", "push", "", "{}", body, "", LATE)


def expiry(source: str) -> str:
    return str(current().applied([row(source)])[0][-1])


def test_contents_are_kept_as_long_as_the_source_says_else_as_the_setting_does(settings: Any) -> None:
    settings.PATCHBAY_KEEP_DAYS = 10
    SourceRule.objects.create(slug="github", keep_days=90)
    assert (expiry("github"), expiry("stripe")) == ("2027-02-22", "2026-12-04")


def test_only_the_source_with_a_rule_is_redacted() -> None:
    SourceRule.objects.create(slug="github", redactions=["zen"])
    ours, theirs = current().applied([row(), row("stripe")])
    assert ours[5] == BODY.replace(b'"Keep it logically awesome."', b'"[redacted]"')
    assert theirs[5] == BODY


def test_a_form_is_redacted_by_its_fields_and_of_what_has_none_nothing_is_kept() -> None:
    SourceRule.objects.create(slug="github", redactions=["email"])
    form = arrive(body=b"email=ada%40example.com&n=1", headers={"content-type": "application/x-www-form-urlencoded"})
    page = arrive(body=b"<email>ada@example.com</email>", headers={"content-type": "application/xml"})
    assert bodies(form, page) == [b"email=%5Bredacted%5D&n=1", WITHHELD]


def bodies(*rows: Delivery) -> list[bytes | None]:
    return [content and content.body for content in map(content_of, rows)]


def test_a_redacted_value_reaches_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    SourceRule.objects.create(slug="github", redactions=["zen"])
    inbox = Inbox()
    inbox.start()
    try:
        assert post(inbox).status == 200
    finally:
        inbox.stop()
    content = content_of(Delivery.objects.get())
    assert content is not None
    assert b"logically" not in content.body
    assert b"patchbay/demo" in content.body


def test_a_new_rule_holds_without_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "RULES_FOR", 0.05)
    inbox = Inbox()
    inbox.start()
    try:
        SourceRule.objects.create(slug="github", redactions=["zen"])
        eventually(lambda: bool(inbox._rules and inbox._rules.by_source), "the rule is known")
        assert post(inbox).status == 200
    finally:
        inbox.stop()
    content = content_of(Delivery.objects.get())
    assert content is not None
    assert b"[redacted]" in content.body


def test_without_knowing_the_rules_nothing_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OSError("the database is away")

    monkeypatch.setattr("webhooks.inbox.rules.current", broken)
    inbox = Inbox()
    inbox.start()
    try:
        assert post(inbox).status == 503
    finally:
        inbox.stop()
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("paths", ["data", [""], ["a..b"], [1], ["a b"], ["x" * 256], ["a"] * 51, {"a": 1}])
def test_a_rule_takes_dotted_paths_only(paths: Any) -> None:
    with pytest.raises(ValidationError):
        SourceRule(slug="github", redactions=paths).full_clean()


@pytest.mark.parametrize("days", [0, 3651])
def test_a_rule_keeps_for_a_day_at_least_and_ten_years_at_most(days: int) -> None:
    with pytest.raises(ValidationError):
        SourceRule(slug="github", keep_days=days).full_clean()
    SourceRule(slug="github", keep_days=1, redactions=["a.*.b", "c"]).full_clean()


def test_an_empty_field_of_the_form_redacts_nothing() -> None:
    rule = SourceRule(slug="github", redactions=None)
    rule.full_clean()
    assert rule.redactions == []

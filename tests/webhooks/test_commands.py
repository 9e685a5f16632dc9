"""The commands about deliveries, and what they say to what they cannot do."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.webhooks.arrivals import arrive
from webhooks.care import choice
from webhooks.models import Delivery, Intervention

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("identifier", ["9" * 25, "-1", "²", "\x00"])
def test_replaying_what_cannot_be_an_id_finds_nothing(identifier: str) -> None:
    with pytest.raises(CommandError, match="no delivery fits"):
        call_command("replay", "--", identifier)


@pytest.mark.parametrize("moment", ["2026-02-30T00:00", "yesterday", "0001-01-01T00:00:00+14:00"])
def test_replaying_since_no_time_at_all_is_said_to_be_so(moment: str) -> None:
    with pytest.raises(CommandError, match="is not a time"):
        call_command("replay", "--since", moment)


def test_a_delivery_is_replayed_by_our_id_and_by_the_vendors(capsys: Any) -> None:
    row = arrive(external_id="d-1", state="dead")
    for identifier in (str(row.pk), "d-1"):
        Delivery.objects.update(state="dead")
        call_command("replay", identifier)
        row.refresh_from_db()
        assert row.state == "pending"


def test_replaying_everything_has_to_be_said() -> None:
    with pytest.raises(CommandError, match="say which"):
        call_command("replay")


def test_a_dry_run_counts_by_source_and_kind_and_changes_nothing(capsys: Any) -> None:
    arrive("push", state="dead")
    call_command("replay", "--state", "dead", "--dry-run")
    printed = capsys.readouterr().out
    assert "1  github push, dead" in printed
    assert "would be about: 1 delivery" in printed
    assert (Delivery.objects.get().state, Intervention.objects.count()) == ("dead", 0)


def test_a_search_and_fields_together_choose_and_the_reason_is_kept(capsys: Any) -> None:
    arrive("push", b"needle", external_id="a", state="dead")
    arrive("push", external_id="b", state="dead")
    call_command("replay", "--search", "text:needle", "--state", "dead", "--reason", "fixed", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["dry_run"], told["count"], told["done"]) == (False, 1, 1)
    kept = Intervention.objects.get()
    assert (kept.via, kept.query, kept.reason) == ("command", "text:needle state:dead", "fixed")


def test_above_a_thousand_yes_has_to_be_said(monkeypatch: Any) -> None:
    monkeypatch.setattr(choice, "ASK_ABOVE", 1)
    for _ in range(2):
        arrive(state="dead")
    with pytest.raises(CommandError, match="Add --yes") as refused:
        call_command("replay", "--state", "dead")
    assert refused.value.returncode == 3
    call_command("replay", "--state", "dead", "--yes")
    assert set(Delivery.objects.values_list("state", flat=True)) == {"pending"}


def test_what_cannot_be_replayed_is_said_with_a_code_of_its_own(capsys: Any) -> None:
    arrive(external_id="a")
    with pytest.raises(CommandError) as refused:
        call_command("replay", "a")
    assert refused.value.returncode == 2
    assert "1 left alone: waiting for its turn already" in capsys.readouterr().out


def test_deliveries_are_set_aside_by_command(capsys: Any) -> None:
    arrive(external_id="a")
    call_command("replay", "a", "--set-aside", "--reason", "poison")
    assert "poison" in Delivery.objects.get().error


def test_deliveries_are_found_and_taken_out(capsys: Any, tmp_path: Path) -> None:
    arrive("push", b"a needle", external_id="a")
    arrive("push", external_id="b")
    call_command("deliveries", "find", "text:a needle")
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == ["a"]
    file = tmp_path / "out.csv"
    call_command("deliveries", "export", "source:github", "--form", "csv", "-o", str(file))
    assert len(file.read_text(encoding="utf-8").splitlines()) == 3
    assert Intervention.objects.get().count == 2
    with pytest.raises(CommandError, match="no delivery fits"):
        call_command("deliveries", "find", "state:dead")
    with pytest.raises(CommandError, match="no filter colour"):
        call_command("deliveries", "export", "colour:red")

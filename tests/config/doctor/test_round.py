"""The round itself: order, time, what is skipped, what is said when an examination fails; and the documents."""

import argparse
import ast
import os
import sys
import threading
import time

import pytest
from django.core.management import call_command, get_commands

from config.doctor.entry import report
from config.doctor.findings import ERROR, WARNING, Examination, Finding
from config.doctor.report import as_json, as_text
from config.doctor.round import Diagnosis, go_round
from config.doctor.table import TABLE, document, needed, summary, waves
from tests.topology import EMBEDDED, ROOT, Topology

WRONG = Finding("it is wrong", "so it is", "A_VARIABLE", "set A_VARIABLE=1")
DOUBTFUL = Finding("it is odd", "perhaps", "A_FILE", "cat A_FILE", WARNING)


def table(*examinations: Examination) -> dict[str, Examination]:
    return {item.name: item for item in examinations}


def broken() -> list[Finding]:
    raise LookupError("no such thing")


def test_what_needs_something_in_error_is_skipped_and_so_is_what_needs_that():
    diagnosis = go_round(
        table(
            Examination("first", lambda: [WRONG]),
            Examination("second", broken, ("first",)),
            Examination("third", broken, ("second",)),
        )
    )
    assert diagnosis.examined == ["first"]
    assert diagnosis.skipped == {"second": "first is in error", "third": "first is in error"}


def test_a_warning_stops_nothing():
    diagnosis = go_round(
        table(Examination("first", lambda: [DOUBTFUL]), Examination("second", lambda: [WRONG], ("first",)))
    )
    assert diagnosis.examined == ["first", "second"]


def test_an_examination_that_fails_is_a_finding():
    ((name, finding),) = go_round(table(Examination("it", broken))).findings
    assert (name, finding.severity, finding.cause) == ("it", ERROR, "LookupError: no such thing")
    assert finding.mend.endswith("manage.py doctor --only it --traceback")


def test_examinations_that_hang_are_left_behind_and_those_beside_them_are_heard():
    forever = threading.Event()
    hanging = [Examination(f"hang{number}", lambda: forever.wait() and [], seconds=1.0) for number in range(5)]
    started = time.monotonic()
    diagnosis = go_round(table(*hanging, Examination("quick", lambda: [DOUBTFUL])), seconds=1.0)
    assert time.monotonic() - started < 4  # each in its turn would be five
    assert ("quick", DOUBTFUL) in diagnosis.findings
    assert sum("came to no end" in finding.what for _, finding in diagnosis.findings) == 5
    forever.set()


def test_when_the_time_is_over_the_rest_is_skipped():
    forever = threading.Event()
    hanging = Examination("hang", lambda: forever.wait() and [])
    after = Examination("after", list, ("well",))
    diagnosis = go_round(table(hanging, Examination("well", list), after), seconds=0.1)
    assert diagnosis.skipped == {"after": "no time was left"}
    forever.set()


def test_offline_no_vendor_is_asked():
    diagnosis = go_round(table(Examination("ask", broken, asks_vendors=True)), offline=True)
    assert diagnosis.skipped == {"ask": "--offline"}


def test_examinations_that_need_each_other_are_refused():
    ring = table(Examination("a", list, ("b",)), Examination("b", list, ("a",)))
    with pytest.raises(ValueError, match="need each other: a, b"):
        list(waves(ring))


@pytest.mark.parametrize(("found", "code"), [([], 0), ([WRONG], 1), ([DOUBTFUL], 2), ([DOUBTFUL, WRONG], 1)])
def test_the_exit_code_is_that_of_the_gravest_finding(found, code):
    assert Diagnosis(findings=[("x", finding) for finding in found]).exit_code == code
    assert f'"exit_code": {code}' in as_json(Diagnosis(findings=[("x", finding) for finding in found]))


def test_colours_are_for_terminals():
    diagnosis = Diagnosis(findings=[("x", DOUBTFUL), ("y", WRONG)], examined=["x", "y"])
    assert "\033" not in as_text(diagnosis)
    plain, coloured = as_text(diagnosis), as_text(diagnosis, colour=True)
    assert coloured.startswith("\033[31merror   \033[0m A_VARIABLE")
    assert coloured.replace("\033[31m", "").replace("\033[33m", "").replace("\033[0m", "") == plain


def test_only_what_is_asked_for_and_what_it_needs_is_examined():
    assert list(needed(["eviction"])) == [*needed(["settings"]), "redis", "eviction"]


def test_every_need_is_in_the_table_and_every_examination_says_what_must_be_so():
    assert {name for item in TABLE.values() for name in item.needs} <= TABLE.keys()
    assert [name for name, item in TABLE.items() if not item.words.endswith(".")] == []


@pytest.mark.parametrize(("path", "words"), [("docs/doctor.md", document), ("README.md", summary)])
def test_the_documents_have_the_tables_own_words(path, words):
    text = (ROOT / path).read_text(encoding="utf-8")
    assert words() in text, f"paste what `python manage.py doctor --table` prints into {path}"


def test_the_documents_example_counts_what_there_is():
    assert f"{len(TABLE) - 9} examinations, 2 findings" in (ROOT / "docs/doctor.md").read_text(encoding="utf-8")


def test_what_an_error_quotes_of_a_secret_is_veiled(monkeypatch, capsys):
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_hunter2hunter2")
    monkeypatch.setattr("config.doctor.entry.needed", lambda _names: table(Examination("it", quoting)))
    options = argparse.Namespace(table=None, only=["it"], offline=False, json=False, traceback=True)
    assert report(options, sys.stdout) == 1
    out, err = capsys.readouterr()
    assert "LookupError: the key … is not known" in out
    assert "LookupError: the key … is not known" in err
    assert "hunter2" not in out + err


def quoting() -> list[Finding]:
    raise LookupError(f"the key {os.environ['STRIPE_SECRET_KEY']} is not known")


def test_it_is_a_command_like_others_where_django_is_up(capsys):
    call_command("doctor", "--only", "python", "--json")
    assert '"exit_code": 0' in capsys.readouterr().out
    assert "doctor" in get_commands()


@pytest.mark.parametrize("name", ["manage.py", *(path.name for path in sorted((ROOT / "config/doctor").glob("*.py")))])
def test_an_older_python_can_read_it_and_be_told_so(name):
    path = ROOT / name if name == "manage.py" else ROOT / "config" / "doctor" / name
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


@pytest.mark.story
def test_a_system_that_runs_has_no_finding(tmp_path):
    with Topology(tmp_path, EMBEDDED) as running:
        assert '"exit_code": 0' in running.manage("doctor", "--json")
        assert running.manage("doctor").startswith(f"{len(TABLE)} examinations, 0 findings, ")

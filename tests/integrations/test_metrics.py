"""Counts of all processes of a host add up, survive their processes, and are bounded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from integrations.metrics import files, series
from integrations.metrics.gauges import Gauges
from tests.topology import ROOT

COUNTING = """
import sys
from integrations.metrics import Counter, Histogram
counter = Counter("patchbay_test_total", "words", "who")
for _ in range(int(sys.argv[1])):
    counter.count("us")
Histogram("patchbay_test_seconds", "words", "who", bounds=(1.0,)).observe(0.5, "us")
if len(sys.argv) > 2:
    print("counted", flush=True)
    sys.stdin.read()
"""


def process(folder: Path, *words: str, **more):
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    return subprocess.Popen([sys.executable, "-c", *words], cwd=ROOT, env=environment, text=True, **more)


def count(folder: Path, times: int) -> None:
    assert process(folder, COUNTING, str(times)).wait() == 0


def told(folder: Path) -> str:
    setup = "import django; django.setup(); from pathlib import Path; "
    code = setup + "from integrations.metrics import exposition; print(exposition().decode())"
    running = process(folder, code, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return running.communicate()[0]


@pytest.mark.django_db(transaction=True)
def test_one_process_tells_what_all_have_counted(tmp_path):
    count(tmp_path, 2)
    count(tmp_path, 3)
    text = told(tmp_path)
    assert 'patchbay_test_total{who="us"} 5.0' in text
    assert 'patchbay_test_seconds_count{who="us"} 2.0' in text


def test_what_ended_processes_counted_stays_in_one_file(tmp_path):
    for times in (2, 3):
        count(tmp_path, times)
    assert files.retire(tmp_path) == 4
    assert sorted(path.name for path in tmp_path.glob("*.db")) == ["counter_retired.db", "histogram_retired.db"]
    count(tmp_path, 1)
    files.retire(tmp_path)
    text = told(tmp_path)
    assert 'patchbay_test_total{who="us"} 6.0' in text
    assert 'patchbay_test_seconds_bucket{le="1.0",who="us"} 3.0' in text


def test_the_files_of_the_living_and_of_other_hosts_are_left_alone(tmp_path):
    living = process(tmp_path, COUNTING, "2", "stay", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert living.stdout.readline() == "counted\n"
    there = tmp_path / f"counter_elsewhere-{living.pid}.db"
    there.write_bytes(next(tmp_path.glob("counter_*.db")).read_bytes())
    assert files.retire(tmp_path) == 0
    living.communicate("")
    assert files.retire(tmp_path) == 2
    assert there.exists()


def test_a_vendor_that_invents_names_cannot_fill_the_memory(monkeypatch):
    monkeypatch.setattr(series, "MOST_CHILDREN", 3)
    counter = series.Counter("patchbay_test_bounded_total", "words", "name")
    monkeypatch.delitem(series.declared, "patchbay_test_bounded_total")
    for number in range(10):
        counter.count(str(number))
        counter.add(2, f"more {number}")
    assert len(counter._known) == 3
    assert counter._family.labels("other")._value.get() == 30 - 4
    assert len(counter._family._metrics) == 4


def test_a_gauge_that_cannot_be_measured_is_said_to_be_so_and_spares_the_others():
    gauges = Gauges()

    def away():
        raise OSError("the database is away")

    gauges.add("broken", "words", ("a",), away)
    gauges.add("sound", "words", ("a",), lambda: [(("x",), 4.0)])
    samples = {(item.name, *item.labels.values()): item.value for family in gauges.collect() for item in family.samples}
    assert samples == {
        ("sound", "x"): 4.0,
        ("patchbay_gauge_readable", "broken"): 0.0,
        ("patchbay_gauge_readable", "sound"): 1.0,
    }


def test_a_folder_that_cannot_be_written_leaves_each_process_its_own_counts(tmp_path):
    (tmp_path / "file").touch()
    text = process(
        tmp_path / "file" / "below",
        COUNTING + "from prometheus_client import generate_latest as tell\n"
        "from integrations.metrics.series import own\nprint(tell(own).decode())",
        "2",
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ).communicate()[0]
    assert 'patchbay_test_total{who="us"} 2.0' in text

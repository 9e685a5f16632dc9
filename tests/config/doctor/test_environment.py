"""Plants in files, disks and the interpreter; and what keeps the settings from loading, by name."""

import sys
from collections import namedtuple
from importlib import import_module

import pytest

from config.doctor import environment, installation
from config.doctor.variables import declared, flaw, veiled


def test_packages_that_are_missing_or_of_another_version_are_told(monkeypatch, tmp_path, examine):
    pins = tmp_path / "requirements.txt"
    pins.write_text(
        'django==1.0 \\\n    --hash=x\nno-such-package==3.0\nwindows-only==1 ; sys_platform == "win32" \\\n'
    )
    monkeypatch.setattr(installation, "REQUIREMENTS", pins)
    missing, other = examine("requirements")
    assert (missing.severity, missing.cause) == ("error", "no-such-package")
    assert (other.severity, other.where) == ("warning", "requirements.txt")
    assert "(want 1.0)" in other.cause
    assert missing.mend == other.mend == f"{sys.executable} -m pip install -r requirements.txt"


def test_a_python_that_is_too_old_is_told(monkeypatch, the_only):
    monkeypatch.setattr(sys, "version_info", namedtuple("V", "major minor micro")(3, 9, 2))
    finding = the_only("python")
    assert (finding.what, finding.where) == ("Python 3.9 is too old", sys.executable)
    assert "asks for 3.11 or newer" in finding.cause
    assert "make run PYTHON=python3.11" in finding.mend


def test_the_python_at_hand_is_new_enough(examine):
    assert examine("python") == []


def test_a_disk_that_is_nearly_full_is_told(monkeypatch, tmp_path, the_only):
    usage = namedtuple("Usage", "total used free")(100 << 30, (100 << 30) - (40 << 20), 40 << 20)
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda _path: usage)
    monkeypatch.setenv("PATCHBAY_VAR", str(tmp_path))
    finding = the_only("var")
    assert finding.cause == "40 MiB of 102400 MiB are free"
    assert finding.mend == f"df -h {tmp_path}"


def test_a_folder_that_is_not_there_yet_is_judged_by_the_one_it_will_be_made_in(monkeypatch, tmp_path, examine):
    monkeypatch.setenv("PATCHBAY_VAR", str(tmp_path / "a" / "b"))
    assert examine("var") == []
    monkeypatch.setattr(environment.os, "access", lambda path, _mode: path != tmp_path)
    (finding,) = examine("var")
    assert finding.cause == f"{tmp_path} is not ours to write"
    assert "sudo chown" in finding.mend


def test_a_value_beside_its_file_is_told(monkeypatch, tmp_path, the_only):
    (tmp_path / "key").write_text("sk")
    (tmp_path / "key").chmod(0o600)
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_1")
    monkeypatch.setenv("STRIPE_SECRET_KEY_FILE", str(tmp_path / "key"))
    assert the_only("secret_files").mend == "unset STRIPE_SECRET_KEY"


@pytest.mark.parametrize(
    ("value", "trouble"),
    [("x", ""), ("'x'", "quotes"), ('"x"', "quotes"), (" x", "white space"), ("x\r\n", "a line break"), ('"', "")],
)
def test_a_badly_copied_value_is_known_by_its_edges(value, trouble):
    assert flaw(value) == trouble


def test_the_settings_own_source_says_which_variables_there_are():
    assert declared()["PORT"] == "int"
    assert declared()["PATCHBAY_VAR"] == "str"
    assert declared()["PATCHBAY_SANDBOX"] == "bool"
    assert declared()["DATABASE_URL"] == "db_url"
    assert declared()["PATCHBAY_LEASE_SECONDS"] == "float"


def test_whatever_variable_the_settings_stumble_over_is_named(monkeypatch, tmp_path):
    source = 'import environ\nenv = environ.Env()\nA, B = env.int("FIRST", 1), env.int("SECOND", 2)\n'
    (tmp_path / "stumbling.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(installation, "ROOT", tmp_path)
    monkeypatch.setenv("SECOND", "two")
    with pytest.raises(ValueError, match="two") as caught:
        import_module("stumbling")
    finding = installation.blame(caught.value)
    assert (finding.where, finding.mend) == ("SECOND", "correct SECOND, or unset it for the default")
    assert "'two'" in finding.cause


def test_a_failure_without_a_variable_is_named_by_its_line(monkeypatch, tmp_path):
    (tmp_path / "broken_settings.py").write_text("\nINSTALLED_APPS = [1 / 0]\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(installation, "ROOT", tmp_path)
    with pytest.raises(ZeroDivisionError) as caught:
        import_module("broken_settings")
    finding = installation.blame(caught.value)
    assert (finding.where, finding.mend) == ("broken_settings.py:2", "sed -n 2p broken_settings.py")


def test_a_password_is_veiled_even_in_pieces(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://me:pa/ss#word@db/x")
    assert veiled("port '/ss#word@db' of pa/ss#word; also #word") == "port '/ss#…@db' of …; also #…"

"""Misconfigurations planted around a real `manage.py doctor`: each is named with cause, place and cure."""

import sys

import pytest

from tests.clocks import quickest
from tests.config.doctor.wrecks import GOOD_KEY, WRECKS, deaf, doctor, told
from tests.topology import free_port

pytestmark = pytest.mark.story

ANOTHER_PUBLIC_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEoKOBNYOt4Jocx/RggXCKGv6I"
    "a90YssQ5SEjx0F0h2WVpnfEXQr1jN85kEqpb0R9bWWwG6PNJgnwysrPP5ww8Jg=="
)
# (the wreck, the examination, the variable or file, words of the cause, words of the command or edit)
PLANTS = [
    ("unreadable", "values", "PORT", "'eighty'", "set PORT to a whole number"),
    ("unreadable", "values", "WORKER_THREADS", "'4.5'", "unset WORKER_THREADS"),
    ("unreadable", "values", "PATCHBAY_LEASE_SECONDS", "'soon'", "set PATCHBAY_LEASE_SECONDS to a number"),
    ("unreadable", "values", "LOG_LEVEL", "'loud'", "one of DEBUG, INFO"),
    ("unreadable", "values", "DEBUG", "taken for off", "set DEBUG=1 or DEBUG=0"),
    ("unreadable", "urls", "DATABASE_URL", "must begin with postgres://", "set DATABASE_URL=postgres://USER"),
    ("unreadable", "urls", "REDIS_URL", "must begin with redis://", "set REDIS_URL=redis://HOST:6379/0"),
    ("unreadable", "urls", "BROKER_URL", "must be percent-encoded", "set BROKER_URL=amqp://USER"),
    ("unreadable", "misspelt", "DATABSE_URL", "looks like DATABASE_URL", "rename DATABSE_URL to DATABASE_URL"),
    ("unreadable", "copied", "PATCHBAY_URL", ".env file that keeps quotes", "without the quotes"),
    ("unreadable", "copied", "STRIPE_WEBHOOK_SECRET", "last newline", "without the line break"),
    ("unreadable", "secret_files", "SECRET_KEY_FILE", "does not exist", "set SECRET_KEY_FILE to the file"),
    ("unreadable", "secret_files", "STRIPE_SECRET_KEY_FILE", "no content", "write the secret into"),
    ("unreadable", "secret_files", "GITHUB_WEBHOOK_SECRET_FILE", "Is a directory", "ls -ld"),
    ("unreadable", "var", "PATCHBAY_VAR", "is not a folder", "set PATCHBAY_VAR to a folder"),
    ("deaf", "database", "DATABASE_URL", "timeout", "pg_isready -h 127.0.0.1"),
    ("deaf", "redis", "REDIS_URL", "Timeout", 'redis-cli -u "$REDIS_URL" ping'),
    ("deaf", "broker", "BROKER_URL", "timed out", "rabbitmq-diagnostics ping"),
    ("deaf", "answers", "STRIPE_SECRET_KEY", "no answer within", "curl -sv http://127.0.0.1"),
    ("deaf", "mode", "STRIPE_SECRET_KEY", "it is a test key", "set STRIPE_SECRET_KEY to the live key"),
    ("deaf", "secrets", "STRIPE_WEBHOOK_SECRET", "begins with sk_", "copy it again from Stripe's console"),
    ("deaf", "checks", "SENDGRID_WEBHOOK_KEY", "integrations.E001", "set SENDGRID_WEBHOOK_KEY (or"),
    ("deaf", "checks", "SECRET_KEY", "security.W009", "secrets.token_urlsafe(64)"),
    ("deaf", "mail_carrier", "MAIL_CARRIER", "'pigeon'", "set MAIL_CARRIER="),
    ("deaf", "sender", "DEFAULT_FROM_EMAIL", "hello@patchbay.example", "set DEFAULT_FROM_EMAIL="),
    ("deaf", "allowed_hosts", "ALLOWED_HOSTS", "shop.test is not among", ",shop.test"),
    ("deaf", "proxy", "TRUSTED_PROXY_COUNT", "forges an address", "set BEHIND_PROXY=1"),
    ("crossed", "checks", "STRIPE_SECRET_KEY", "integrations.E002", "unset PATCHBAY_SANDBOX"),
    ("crossed", "port", "PORT", "in use", "ss -ltnp"),
    ("crossed", "sandbox", "SANDBOX_URL", "cannot be reached", "manage.py sandbox"),
    ("crossed", "sqlite", "DATABASE_URL", "empty database of its own", "unset DATABASE_URL"),
    ("crossed", "migrations", "DATABASE_URL", "have not been applied", "manage.py migrate"),
    ("crossed", "broker", "BROKER_URL", "refused", 'redis-cli -u "$BROKER_URL" ping'),
    ("crossed", "shared_state", "REDIS_URL", "REDIS_URL is not", "set REDIS_URL=redis://"),
    ("exposed", "proxy", "BEHIND_PROXY", "redirects to itself", "set BEHIND_PROXY=1"),
    ("exposed", "allowed_hosts", "ALLOWED_HOSTS", "any host", "set ALLOWED_HOSTS=shop.test"),
    ("exposed", "secret_key", "SECRET_KEY", "makes up its own", "secrets.token_urlsafe(64)"),
    ("exposed", "secrets", "STRIPE_WEBHOOK_SECRET", "should begin with whsec_", "copy it again"),
    ("exposed", "mail_carrier", "MAIL_CARRIER", "not configured", "set SENDGRID_API_KEY and SENDGRID_WEBHOOK_KEY"),
]


@pytest.mark.parametrize(("wreck", "examination", "where", "cause", "mend"), PLANTS)
def test_it_names_cause_place_and_cure(wreck, examination, where, cause, mend):
    finding = told(wreck).of(examination, where)
    assert cause in finding["cause"]
    assert mend in finding["mend"]


@pytest.mark.parametrize("wreck", WRECKS)
def test_a_broken_installation_is_told_with_exit_code_1(wreck):
    assert told(wreck).code == 1


def test_a_secret_that_lies_open_is_told_by_its_file():
    (finding,) = [item for item in told("unreadable").findings if item["cause"].endswith("may read or write it")]
    assert finding["mend"] == f"chmod 600 {finding['where']}"
    assert finding["severity"] == "warning"


def test_an_address_with_a_path_and_without_https_is_told_twice():
    causes = [item["cause"] for item in told("deaf").findings if item["where"] == "PATCHBAY_URL"]
    assert len(causes) == 2
    assert "an origin, which has no path" in causes[0]
    assert "in the clear" in causes[1]


def test_what_follows_from_a_missing_https_is_not_told_again():
    named = [item["cause"] for item in told("deaf").findings if item["examination"] == "checks"]
    assert sorted(named) == ["system check integrations.E001", "system check security.W009"]


@pytest.mark.parametrize("wreck", WRECKS)
def test_no_secret_is_shown(wreck):
    for secret in ("hunter2", "with_a_newline", "a-key-for-all"):
        assert secret not in told(wreck).output


def test_with_nothing_answering_it_still_ends_within_ten_seconds(tmp_path):
    """On a busy machine another run may be quicker, and none is quicker than it can be."""
    assert told("deaf").seconds < 10 or quickest(lambda: deaf(tmp_path), 10) < 10


def test_what_makes_no_sense_is_skipped_for_its_root_cause():
    assert told("deaf").skipped["worker"] == "database is in error"
    assert told("unreadable").skipped["worker"] == "values is in error"
    assert told("exposed").skipped["answers"] == "--offline"


def test_settings_that_do_not_exist_are_named():
    told = doctor({"DJANGO_SETTINGS_MODULE": "config.setings"}, "--json")
    finding = told.of("settings", "DJANGO_SETTINGS_MODULE")
    assert "No module named 'config.setings'" in finding["cause"]
    assert "unset DJANGO_SETTINGS_MODULE" in finding["mend"]
    assert told.code == 1


def test_a_python_without_the_packages_is_told_so(tmp_path):
    # -S leaves site-packages out: what a bare interpreter sees.
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    bare.chmod(0o755)
    told = doctor({}, "--json", python=str(bare))
    finding = told.of("requirements", "requirements.txt")
    assert "a2wsgi" in finding["cause"]
    assert finding["mend"].endswith(("pip install -r requirements.txt", ".venv/bin/python manage.py doctor"))
    assert told.skipped["settings"] == "requirements is in error"


def test_warnings_alone_end_in_exit_code_2(tmp_path):
    environment = {"PATCHBAY_VAR": str(tmp_path), "PATCHBAY_SANDBOX": "yes!", "SECRET_KEY": GOOD_KEY}
    told = doctor(environment, "--json", "--only", "values")
    assert (told.code, len(told.findings)) == (2, 1)


def test_a_wrong_word_ends_in_exit_code_64():
    with pytest.raises(AssertionError, match="invalid choice: 'everything'"):
        doctor({}, "--only", "everything")


def test_people_read_two_lines_a_finding_and_the_count(tmp_path):
    told = doctor({"PORT": "eighty", "DEBUG": "ture", "PATCHBAY_VAR": str(tmp_path)}, "--only", "values")
    assert told.output.splitlines() == [
        "error    PORT   PORT is not a whole number: it is 'eighty'",
        "                → set PORT to a whole number, or unset PORT",
        "warning  DEBUG  DEBUG is neither on nor off: 'ture' is taken for off, whatever was meant",
        "                → set DEBUG=1 or DEBUG=0",
        told.output.splitlines()[-1],
    ]
    assert told.output.splitlines()[-1].startswith("1 examination, 2 findings (1 error, 1 warning), ")


def test_a_production_that_is_well_set_has_no_finding_but_what_does_not_run_here(tmp_path):
    told = doctor(
        {
            "PATCHBAY_VAR": str(tmp_path),
            "PORT": str(free_port()),
            "PATCHBAY_URL": "https://shop.test",
            "ALLOWED_HOSTS": "shop.test",
            "SECRET_KEY": GOOD_KEY,
            "BEHIND_PROXY": "1",
            "TRUSTED_PROXY_COUNT": "1",
            "DEFAULT_FROM_EMAIL": "Shop <hello@shop.test>",
            "STRIPE_SECRET_KEY": "sk_live_hunter2hunter2",
            "STRIPE_WEBHOOK_SECRET": "whsec_hunter2hunter2,whsec_the_next_one",
            "SENDGRID_API_KEY": "SG.hunter2hunter2",
            "SENDGRID_WEBHOOK_KEY": ANOTHER_PUBLIC_KEY,
        },
        "--json",
        "--offline",
    )
    assert {item["examination"] for item in told.findings} == {"migrations"}

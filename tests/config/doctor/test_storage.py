"""The database and Redis as the doctor sees them: plants in real servers, and in the settings."""

import pytest
from django.db import connections as django_connections
from django.db.backends.sqlite3.base import DatabaseWrapper

from config.doctor import storage
from tests.config.doctor.wrecks import doctor


def test_a_redis_that_may_drop_our_keys_is_told(settings, forgetful_redis, the_only):
    settings.REDIS_URL = forgetful_redis
    finding = the_only("eviction")
    assert (finding.severity, finding.where) == ("warning", "REDIS_URL")
    assert "maxmemory-policy is allkeys-lru" in finding.cause
    assert "config set maxmemory-policy noeviction" in finding.mend


@pytest.mark.services
def test_a_redis_that_drops_nothing_is_well(settings, redis_url, examine):
    settings.REDIS_URL = redis_url
    assert examine("redis") == examine("eviction") == []


@pytest.mark.services
def test_on_postgresql_threads_without_connections_and_a_broker_in_memory_are_told(postgresql, tmp_path):
    told = doctor(
        {
            "DATABASE_URL": postgresql,
            "PATCHBAY_VAR": str(tmp_path),
            "WEB_THREADS": "5000",
        },
        "--json",
        *("--only", "connections", "--only", "one_process", "--only", "migrations", "--only", "database_clock"),
    )
    crowded, alone = told.of("connections", "WEB_THREADS"), told.of("one_process", "BROKER_URL")
    assert "is 5015, PostgreSQL has room for" in crowded["cause"]
    assert "raise max_connections" in crowded["mend"]
    assert "BROKER_URL is memory://" in alone["cause"]
    assert "set BROKER_URL=amqp://" in alone["mend"]
    assert "manage.py migrate" in told.of("migrations", "DATABASE_URL")["mend"]
    assert len(told.findings) == 3


def test_several_web_processes_without_a_broker_are_told(settings, the_only):
    settings.WEB_PROCESSES, settings.BROKER_URL = 3, "memory://"
    finding = the_only("one_process")
    assert (finding.severity, finding.where) == ("error", "WEB_PROCESSES")
    assert "`serve` refuses to start" in finding.cause


def test_several_web_processes_without_redis_are_told(settings, the_only):
    settings.WEB_PROCESSES, settings.BROKER_URL, settings.REDIS_URL = 3, "amqp://somewhere", ""
    finding = the_only("shared_state")
    assert (finding.severity, finding.where) == ("error", "REDIS_URL")
    assert "`serve` refuses to start" in finding.cause


@pytest.mark.services
def test_every_web_process_has_connections_of_its_own(postgresql, tmp_path):
    crowded = {"WEB_PROCESSES": "100", "BROKER_URL": "amqp://nobody", "PATCHBAY_VAR": str(tmp_path)}
    told = doctor({"DATABASE_URL": postgresql, **crowded}, "--json", "--only", "connections")
    assert "is 1523, PostgreSQL has room for" in told.of("connections", "WEB_THREADS")["cause"]


@pytest.mark.django_db
def test_a_migrated_database_is_well(examine):
    assert [examine(name) for name in ("database", "migrations", "sqlite", "connections")] == [[]] * 4


@pytest.fixture
def on_sqlite(transactional_db, monkeypatch, tmp_path):
    """Makes the database an SQLite file of the test's own, in the given journal mode, whatever the suite runs on."""
    opened = []

    def use(mode):
        described = django_connections.databases["default"] | {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": tmp_path / "x.sqlite3",
            "OPTIONS": {"init_command": f"PRAGMA journal_mode={mode}"},
        }
        own = DatabaseWrapper(described)
        opened.append(own)
        monkeypatch.setattr("django.db.connection", own)
        monkeypatch.setattr(storage, "_is_sqlite", lambda: True)
        monkeypatch.setattr(storage, "_described", lambda: described)

    yield use
    for own in opened:
        own.close()


def test_sqlite_without_wal_is_told(on_sqlite, the_only):
    on_sqlite("delete")
    finding = the_only("sqlite")
    assert finding.where == "config/settings.py"
    assert "journal_mode is delete" in finding.cause
    assert "PRAGMA journal_mode=WAL" in finding.mend


def test_sqlite_on_a_network_file_system_is_told(on_sqlite, monkeypatch, tmp_path, the_only):
    on_sqlite("wal")
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nfiler:/export {tmp_path} nfs4 rw 0 0\n")
    monkeypatch.setattr(storage, "MOUNTS", mounts)
    finding = the_only("sqlite")
    assert finding.where == "PATCHBAY_VAR"
    assert "lies on nfs4" in finding.cause
    assert "a folder on a local disk" in finding.mend


def test_the_file_system_is_that_of_the_nearest_mount(monkeypatch, tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text("a / ext4 rw 0 0\nb /srv nfs rw 0 0\nc /srv/local xfs rw 0 0\n")
    monkeypatch.setattr(storage, "MOUNTS", mounts)
    kinds = [storage.file_system(storage.Path(path)) for path in ("/srv2/x", "/srv/x", "/srv/local/x")]
    assert kinds == ["ext4", "nfs", "xfs"]

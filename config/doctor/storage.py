"""Whether what keeps our rows and our shared state answers, is in step with the code, and loses nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from config.doctor.findings import WARNING, Examination, Finding, Theme

MOUNTS = Path("/proc/self/mounts")
REMOTE = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs")
# Beside its pool of threads a web process has the inbox's writer, realtime's two readers, the rounds of the sources,
# the journal of calls, the watch over the worker and staff's orders; a worker rounds, journal, orders and the sender.
SINGLE_WEB_CONNECTIONS = 7
SINGLE_WORKER_CONNECTIONS = 4
SECONDS = 2


def database() -> Iterator[Finding]:
    """The database answers."""
    from django.db import Error, connection

    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        yield Finding(f"{_place()} does not take us", " ".join(str(error).split()), "DATABASE_URL", _knock())


def _place() -> str:
    described = _described()
    if _is_sqlite():
        return f"the SQLite file {described['NAME']}"
    return f"PostgreSQL at {described['HOST'] or 'the local socket'}:{described['PORT'] or 5432}"


def _knock() -> str:
    described = _described()
    if _is_sqlite():
        return f"ls -ld {Path(described['NAME']).parent} {described['NAME']}"
    host = f" -h {described['HOST']}" if described["HOST"] else ""
    return f'pg_isready{host} -p {described["PORT"] or 5432} && psql "$DATABASE_URL" -c "SELECT 1"'


def _described() -> dict[str, Any]:
    from django.db import connection

    return connection.settings_dict


def _is_sqlite() -> bool:
    from django.db import connection

    return connection.vendor == "sqlite"


def migrations() -> Iterator[Finding]:
    """Every migration of the code has been applied."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    waiting = [str(step) for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    if waiting:
        named = ", ".join(waiting[:3]) + (" …" if len(waiting) > 3 else "")
        cause = f"{len(waiting)} migrations have not been applied: {named}"
        yield Finding("the database is behind the code", cause, "DATABASE_URL", f"{sys.executable} manage.py migrate")


def sqlite() -> Iterator[Finding]:
    """SQLite is a file on a local disk, in WAL mode."""
    if not _is_sqlite():
        return
    from django.db import connection

    with connection.cursor() as cursor:
        mode = cursor.execute("PRAGMA journal_mode").fetchone()[0]
    if mode == "memory":
        cause = "each thread has an empty database of its own, gone with the process"
        yield Finding("the database is in memory", cause, "DATABASE_URL", "unset DATABASE_URL (or name a file)")
    elif mode != "wal":
        cause = f"journal_mode is {mode}: readers and the writer block each other"
        mend = 'restore "PRAGMA journal_mode=WAL" in init_command of DATABASES'
        yield Finding("SQLite is not in WAL mode", cause, "config/settings.py", mend)
    path = Path(_described()["NAME"])
    if (kind := file_system(path)) in REMOTE:
        cause = f"{path} lies on {kind}, whose locks SQLite cannot trust"
        mend = "set PATCHBAY_VAR to a folder on a local disk, or DATABASE_URL to a PostgreSQL"
        yield Finding("SQLite is on a network file system", cause, "PATCHBAY_VAR", mend)


def file_system(path: Path) -> str:
    """The kind of file system that `path` lies on; empty where the system does not tell."""
    if not MOUNTS.exists():
        return ""
    mounts = [line.split()[1:3] for line in MOUNTS.read_text(encoding="utf-8").splitlines()]
    above = [(place, kind) for place, kind in mounts if path.resolve().is_relative_to(place)]
    return max(above, key=lambda mount: len(mount[0]), default=("", ""))[1]


def connections() -> Iterator[Finding]:
    """PostgreSQL has room for a connection per thread."""
    if _is_sqlite():
        return
    from django.conf import settings
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        )
        room = cursor.fetchone()[0]
    web, worker = settings.WEB_THREADS + SINGLE_WEB_CONNECTIONS, settings.WORKER_THREADS + SINGLE_WORKER_CONNECTIONS
    processes = settings.WEB_PROCESSES + (settings.WEB_PROCESSES > 1)  # one more while they are replaced in turn
    wanted = processes * web + worker
    if wanted > room:
        cause = (
            f"{processes} web processes × (WEB_THREADS + {SINGLE_WEB_CONNECTIONS}) + WORKER_THREADS"
            f" + {SINGLE_WORKER_CONNECTIONS} is {wanted}, PostgreSQL has room for {room}"
        )
        mend = f"set WEB_THREADS so that all processes together stay below {room}, or raise max_connections"
        yield Finding("there are more threads than database connections", cause, "WEB_THREADS", mend)


def redis() -> Iterator[Finding]:
    """Redis answers, where there is one."""
    from django.conf import settings
    from redis import RedisError

    if not settings.REDIS_URL:
        return
    try:
        client().ping()
    except RedisError as error:
        yield Finding("Redis does not answer", str(error), "REDIS_URL", 'redis-cli -u "$REDIS_URL" ping')


def client() -> Any:
    """A Redis client that waits `SECONDS` at most and tries once."""
    from django.conf import settings
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=SECONDS,
        socket_timeout=SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def eviction() -> Iterator[Finding]:
    """Redis does not throw our keys away when its memory is full."""
    from django.conf import settings

    if not settings.REDIS_URL:
        return
    memory = client().info("memory")
    policy, bound = memory["maxmemory_policy"], memory["maxmemory"]
    if bound and policy != "noeviction":
        cause = f"maxmemory-policy is {policy}: breakers and limits could vanish while they are needed"
        mend = 'redis-cli -u "$REDIS_URL" config set maxmemory-policy noeviction'
        yield Finding("Redis may drop our keys", cause, "REDIS_URL", mend, WARNING)


THEME = Theme(
    "storage",
    (
        Examination("database", database, ("settings",)),
        Examination("migrations", migrations, ("database",)),
        Examination("sqlite", sqlite, ("database",)),
        Examination("connections", connections, ("database",)),
        Examination("redis", redis, ("settings",)),
        Examination("eviction", eviction, ("redis",)),
    ),
)

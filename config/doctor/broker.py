"""Whether the broker answers, and the processes that it joins share what they must."""

from __future__ import annotations

from collections.abc import Iterator

from config.doctor.findings import WARNING, Examination, Finding, Theme
from config.doctor.storage import SECONDS

KNOCK = {
    "amqp": "rabbitmq-diagnostics ping (on the broker's machine), then: rabbitmqctl list_users",
    "redis": 'redis-cli -u "$BROKER_URL" ping',
}


def broker() -> Iterator[Finding]:
    """The broker answers."""
    from django.conf import settings
    from kombu import Connection

    if settings.BROKER_URL == "memory://":
        return
    connection = Connection(
        settings.BROKER_URL,
        connect_timeout=SECONDS,
        transport_options={"socket_connect_timeout": SECONDS, "socket_timeout": SECONDS},
    )
    try:
        with connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=SECONDS)
    except Exception as error:  # noqa: BLE001  each transport has errors of its own
        kind = "redis" if settings.BROKER_URL.startswith("redis") else "amqp"
        yield Finding("the broker does not answer", f"{error}" or repr(error), "BROKER_URL", KNOCK[kind])


def one_process() -> Iterator[Finding]:
    """The broker in memory is not used where several processes are meant."""
    from django.conf import settings

    if settings.BROKER_URL == "memory://" and settings.WEB_PROCESSES > 1:
        cause = f"BROKER_URL is memory:// and WEB_PROCESSES is {settings.WEB_PROCESSES}: `serve` refuses to start"
        mend = "unset WEB_PROCESSES, or set BROKER_URL=amqp://USER:PASSWORD@HOST:5672// and start worker and beat"
        yield Finding("several web processes have no broker", cause, "WEB_PROCESSES", mend)
        return
    grown = not settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    if settings.BROKER_URL == "memory://" and grown:
        cause = "BROKER_URL is memory:// while DATABASE_URL is a PostgreSQL: a worker process of its own hears nothing"
        mend = "set BROKER_URL=amqp://USER:PASSWORD@HOST:5672// (or redis://HOST:6379/1) for web, worker and beat"
        yield Finding("wake-ups stay inside the web process", cause, "BROKER_URL", mend, WARNING)


def shared_state() -> Iterator[Finding]:
    """Several processes share breakers, limits, tickets and caches by Redis."""
    from django.conf import settings

    if settings.REDIS_URL:
        return
    mend = "set REDIS_URL=redis://HOST:6379/0 for web, worker and beat"
    if settings.WEB_PROCESSES > 1:
        cause = f"WEB_PROCESSES is {settings.WEB_PROCESSES} and REDIS_URL is not set: `serve` refuses to start"
        yield Finding("web processes would have limits and tickets of their own", cause, "REDIS_URL", mend)
    elif settings.BROKER_URL != "memory://":
        cause = "BROKER_URL is set and REDIS_URL is not: each process has breakers, limits and caches of its own"
        yield Finding("processes do not share their state", cause, "REDIS_URL", mend, WARNING)


THEME = Theme(
    "broker",
    (
        Examination("broker", broker, ("settings",)),
        Examination("one_process", one_process, ("settings",)),
        Examination("shared_state", shared_state, ("settings",)),
    ),
)

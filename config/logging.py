"""Structured logs: one line per request, delivery, task and vendor call, joined by the request id."""

import asyncio
import json
import logging
import logging.config
import re
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, TextIO

import msgspec
import structlog

from integrations.masking import mask_line, mask_words

# What these say line by line, we say better in one line of our own.
QUIET = (
    "uvicorn.access",
    "celery.app.trace",
    "celery.worker.strategy",
    "celery.beat",
    "httpx2",
    "httpcore2",
    "stripe",
    "kombu",
    "amqp",
)


class OnlyNews(logging.Filter):
    """Django logs every 4xx and 5xx once more: of those lines only the ones with a traceback say something new."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "django.security.DisallowedHost":
            # Scanners do this all day: its one sentence helps whoever forgot ALLOWED_HOSTS, its traceback nobody.
            record.levelno, record.levelname, record.exc_info = logging.WARNING, "WARNING", None
        return record.name not in ("django.request", "django.security.csrf") or bool(record.exc_info)


class OnlyOurSockets(logging.Filter):
    """Uvicorn has up to three lines for a WebSocket that opened and closed as it should; we have one of our own."""

    CHATTER = re.compile(r'connection (open|closed|rejected)\b|%s - "WebSocket %s" ')

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name != "uvicorn.error" or record.levelno > logging.INFO or record.exc_info:
            return True
        return not self.CHATTER.match(str(record.msg))


class Lines(structlog.WriteLogger):
    """Writes each line as it is: the standard library's machinery would double what a request's line costs."""

    def __init__(self, file: TextIO, name: str) -> None:
        super().__init__(file)
        self.name = name

    def info(self, message: str) -> None:
        """On an event loop the lines of one turn are written together: a system call each would cost more than they."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return self.msg(message)
        if not (lines := _turn.setdefault(loop, [])):
            loop.call_soon(self._write_turn, loop)
        lines.append(message)
        return None

    def _write_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self.msg("\n".join(_turn.pop(loop)))


_turn: dict[asyncio.AbstractEventLoop, list[str]] = {}


# One list for good: loggers that are made already keep the list, and go on as configured last.
_chain: list[Any] = []


def configure(options: dict[str, Any]) -> None:
    """Send structlog's and the standard library's loggers to stderr, in one form."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _stamp,
        structlog.processors.format_exc_info,  # a renderer would write it after it could be masked
        mask_line,
    ]
    renderer = _as_json if options["json"] else _for_people()
    _chain[:] = [*shared, renderer]
    structlog.configure(
        processors=_chain,
        logger_factory=partial(Lines, sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(options["level"]),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
                    "foreign_pre_chain": [mask_words, *shared],
                }
            },
            "filters": {"new": {"()": OnlyNews}, "sockets": {"()": OnlyOurSockets}},
            "handlers": {
                "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["new", "sockets"]}
            },
            "root": {"handlers": ["stderr"], "level": options["level"]},
            "loggers": {name: {"level": "WARNING"} for name in QUIET}
            # The broker in memory has no host name, and kombu warns of it at every start.
            | {"kombu.connection": {"level": "ERROR"}},
        }
    )


# structlog's own stamper and renderer make a zone and an encoder anew for every line: a fifth of what a line costs.
_encode = msgspec.json.Encoder(enc_hook=repr).encode
_encode_in_ascii = json.JSONEncoder(default=repr).encode


def _for_people() -> Any:
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def _as_json(_logger: Any, _name: str, event: Any) -> str:
    try:
        line = _encode(event).decode()
    except UnicodeEncodeError:  # half a surrogate pair
        line = ""
    # A terminal may obey what is beyond ASCII, or show it the other way round.
    return line if line.isascii() and line else _encode_in_ascii(event)


def _stamp(_logger: Any, _name: str, event: Any) -> Any:
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    event["timestamp"] = f"{_second(seconds)}.{nanoseconds // 1000:06}Z"
    return event


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")

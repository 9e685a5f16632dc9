"""Structured logs: one line per request, delivery, task and vendor call, joined by the request id."""

import logging
import logging.config
from typing import Any

import structlog

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
        return record.name != "django.request" or bool(record.exc_info)


def configure(options: dict[str, Any]) -> None:
    """Send structlog and the standard library's loggers through one formatter to stderr."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info if options["json"] else _as_is,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer = structlog.processors.JSONRenderer() if options["json"] else structlog.dev.ConsoleRenderer()
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
                    "foreign_pre_chain": shared,
                }
            },
            "filters": {"new": {"()": OnlyNews}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["new"]}},
            "root": {"handlers": ["stderr"], "level": options["level"]},
            "loggers": {name: {"level": "WARNING"} for name in QUIET},
        }
    )


def _as_is(_logger: Any, _name: str, event: Any) -> Any:
    return event

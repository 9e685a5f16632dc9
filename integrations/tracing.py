"""Spans, when somebody collects them: off, everything here is one look at a variable.

`config.telemetry` switches it on. A caller's `traceparent` is joined and is carried into tasks; a vendor gets none,
for our traces (which may be a customer's) are no business of theirs: docs/decisions/0009.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from types import TracebackType
from urllib.parse import urlsplit

from opentelemetry import context, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from integrations.correlation import request_id
from integrations.masking import masked

Attributes = Mapping[str, str | int]
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_OFF: AbstractContextManager[None] = nullcontext()
_w3c = TraceContextTextMapPropagator()
_tracer: Tracer | None = None


def switch(tracer: Tracer | None) -> None:
    """Have spans made by `tracer`, or by nobody."""
    global _tracer
    _tracer = tracer


def on() -> bool:
    """Whether somebody collects spans."""
    return _tracer is not None


class _Work(AbstractContextManager[None]):
    """A span that is current while its work lasts, and says when that failed, without the error's own words."""

    def __init__(
        self, tracer: Tracer, name: str, kind: SpanKind, attributes: Attributes, parent: context.Context | None = None
    ) -> None:
        self._span = tracer.start_span(name, parent, kind, attributes)

    def __enter__(self) -> None:
        self._token = context.attach(trace.set_span_in_context(self._span))
        self._outer = _innermost.set(self._span)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if kind and issubclass(kind, Exception):
            self._span.set_attribute("error.type", getattr(error, "code", None) or kind.__qualname__)
            self._span.set_status(Status(StatusCode.ERROR))
        _innermost.reset(self._outer)
        context.detach(self._token)
        self._span.end()


_innermost: ContextVar[Span | None] = ContextVar("innermost_span", default=None)


def of_attempt(vendor: str, operation: str, number: int) -> AbstractContextManager[None]:
    """The span of one attempt at a vendor."""
    if _tracer is None:
        return _OFF
    return _Work(_tracer, f"{vendor} {operation}", SpanKind.CLIENT, _of_attempt(vendor, operation, number))


def _of_attempt(vendor: str, operation: str, number: int) -> Attributes:
    attributes: dict[str, str | int] = {"patchbay.vendor": vendor, "patchbay.operation": operation}
    attributes |= {"patchbay.request_id": request_id(), **_server(vendor)}
    method = operation.partition(" ")[0]
    if method in METHODS:
        attributes["http.request.method"] = method
    if number > 1:
        attributes["http.request.resend_count"] = number - 1
    return attributes


def _server(vendor: str) -> Attributes:
    from integrations.registry import all_providers  # providers are read long after this module

    provider = all_providers().get(vendor)
    address = urlsplit(provider.base_url) if provider else None
    if not address or not address.hostname:
        return {}
    port = address.port or {"http": 80}.get(address.scheme, 443)
    return {"server.address": address.hostname, "server.port": port}


def annotate(status: int | None, failure: str = "") -> None:
    """Say of the work under way how it was answered; `failure` is the code of what went wrong."""
    span = _innermost.get() if _tracer else None
    if span is None:
        return
    if status is not None:
        span.set_attribute("http.response.status_code", status)
    if failure:
        span.set_attribute("error.type", failure)
        span.set_status(Status(StatusCode.ERROR))


def serving(method: str, path: str, headers: Mapping[str, str]) -> AbstractContextManager[None]:
    """The span of one request at our own door, below the caller's own when there is a sound `traceparent`."""
    if _tracer is None:
        return _OFF
    attributes = {"http.request.method": method, "url.path": masked(path), "patchbay.request_id": request_id()}
    return _Work(_tracer, method, SpanKind.SERVER, attributes, _w3c.extract(headers))


def doing(name: str, carrier: Mapping[str, str]) -> AbstractContextManager[None]:
    """The span of a task that somebody's work has caused; a sweep, which nobody has, makes none of its own."""
    if _tracer is None or not carrier.get("traceparent"):
        return _OFF
    attributes = {"messaging.system": "celery", "patchbay.request_id": request_id()}
    return _Work(_tracer, name, SpanKind.CONSUMER, attributes, _w3c.extract(carrier))


def carried() -> dict[str, str]:
    """What a message takes along so that its work joins this trace: `traceparent`, or nothing."""
    carrier: dict[str, str] = {}
    if _tracer is not None:
        _w3c.inject(carrier)
    carrier.pop("tracestate", None)
    return carrier

"""Sends spans to a collector when `OTEL_EXPORTER_OTLP_ENDPOINT` names one, else does nothing.

The SDK's own variables hold: `OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS` and the others.
"""

import os
import socket
from typing import TYPE_CHECKING

from django.conf import settings

from integrations import tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_providers: "list[TracerProvider]" = []


def start() -> None:
    """Make spans in this process and export them in batches, on a thread that a fork starts anew."""
    if not settings.OTLP_ENDPOINT or _providers:
        return
    # A fifth of a second of imports that nobody pays who does not trace.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create(
        {
            "service.name": os.environ.get("OTEL_SERVICE_NAME", "patchbay"),
            "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
        }
    )
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _providers.append(provider)
    tracing.switch(provider.get_tracer("patchbay"))


def finish() -> None:
    """Send what is waiting: uvicorn ends by a signal, which runs no exit handlers. Waits 2 s at most."""
    for provider in _providers:
        provider.force_flush(2000)

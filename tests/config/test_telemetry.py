"""Spans leave for a collector when one is named, at the latest when the process ends; and join across our processes."""

import asyncio
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from config import celery
from config.access import Access
from integrations import tracing
from integrations.correlation import request_id
from tests.integrations.vendor import serving
from tests.topology import ROOT

TRACE = "0af7651916cd43dd8448eb211c80319c"
ATTEMPT = """
import django; django.setup()
from integrations.http.observe import traced
with traced("stripe", "GET /v1/x", 1):
    pass
"""


@pytest.mark.story
@pytest.mark.parametrize(("named", "told"), [(True, [("POST", "/v1/traces")]), (False, [])])
def test_spans_reach_the_collector_that_is_named_and_nobody_else(named, told):
    with serving() as collector:
        collector.answers()
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "NO_PROXY": "*"}
        environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url} if named else {}
        subprocess.run([sys.executable, "-c", ATTEMPT], cwd=ROOT, env=environment, check=True, timeout=60)
        assert collector.asked == told


def test_a_request_joins_its_callers_trace(spans):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 503, "headers": []})

    async def send(message):
        pass

    header = (b"traceparent", f"00-{TRACE}-b7ad6b7169203331-01".encode())
    scope = {"type": "http", "method": "GET", "path": "/cart", "headers": [header]}
    asyncio.run(Access(app)(scope, None, send))
    (span,) = spans()
    assert f"{span.context.trace_id:032x}" == TRACE
    assert span.attributes["http.response.status_code"] == 503
    assert span.attributes["error.type"] == "server_error"


def test_a_task_works_under_the_request_and_the_trace_that_caused_it(spans):
    headers = {}
    with tracing.serving("GET", "/", {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}):
        celery.carry(headers)
    task = SimpleNamespace(name="webhooks.drain", request=SimpleNamespace(id="task-0001", **headers))
    task.request.patchbay_request_id = "request-0001"
    celery.begin(task)
    assert request_id() == "request-0001"
    celery.end(task, state="FAILURE")
    assert request_id() == ""
    done = spans()[-1]
    assert (done.name, f"{done.context.trace_id:032x}") == ("webhooks.drain", TRACE)
    assert done.attributes["error.type"] == "FAILURE"

"""`python -m bench.plain --port N`: the plain view under uvicorn, through the bridge that `BENCH_BRIDGE` names."""

import argparse
import os
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.plain.settings"

import uvicorn
from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application


async def empty(scope: Any, receive: Any, send: Any) -> None:
    """An endpoint that only reads and says 200: what it reaches is the generator's ceiling."""
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


def application(bridge: str) -> Any:
    """Django by its own ASGI handler, Django over the bridge that our pages use, or no Django at all."""
    if bridge == "asgi":
        return get_asgi_application()
    if bridge == "wsgi":
        return WSGIMiddleware(get_wsgi_application(), workers=settings.WEB_THREADS)
    return empty


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    bridge = os.environ["BENCH_BRIDGE"]
    uvicorn.run(application(bridge), port=parser.parse_args().port, lifespan="off", access_log=bridge != "none")

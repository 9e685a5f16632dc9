"""How the web is served: uvicorn as we need it, in one process or in several on one socket."""

from typing import Any

import django
import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from config.supervisor import Supervisor, guard

log = structlog.get_logger("serving")


class Serving(uvicorn.Config):
    """What is served and how. Each process loads it for itself: Django does not come along from the supervisor."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            "config.asgi:application",
            http="config.protocol:Protocol",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            # uvicorn believes every forwarded header that comes from this machine; TRUSTED_PROXY_COUNT says whom we do.
            proxy_headers=False,
            # A client may send 32 KiB in a frame, and is told so in words up to twice that.
            ws_max_size=1 << 16,
            timeout_graceful_shutdown=5,
            **options,
        )

    def load(self) -> None:
        guard(self)
        try:
            django.setup(set_prefix=False)  # the protocol is loaded before the application, and needs it too
            super().load()
        except Exception as error:
            log.exception("serving.not_loaded")
            raise SystemExit(STARTUP_FAILURE) from error


def serve(host: str, port: int, processes: int) -> bool:
    """Serve until a signal says to end; whether it ever came to that."""
    config = Serving(host=host, port=port, workers=processes)
    if processes == 1:
        server = uvicorn.Server(config)
        server.run()
        return server.started
    supervisor = Supervisor(config, [config.bind_socket()])
    supervisor.run()
    return supervisor.served

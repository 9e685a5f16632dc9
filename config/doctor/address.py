"""Whether Patchbay can be reached where it says it is: address, host names, proxy, ports."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

from config.doctor.findings import WARNING, Examination, Finding, Theme

LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104  recognised, not listened on
SECONDS = 1.5


def in_production() -> bool:
    """Neither beside the sandbox nor under debugging."""
    from django.conf import settings

    return not settings.PATCHBAY_SANDBOX and not settings.DEBUG


def public_address() -> Iterator[Finding]:
    """`PATCHBAY_URL` is a bare address; in production, a public one by https."""
    from django.conf import settings

    parts = urlsplit(settings.PATCHBAY_URL)
    if parts.path or parts.query or parts.fragment:
        what = f"PATCHBAY_URL has more than scheme and host: {parts.path or '?'}"
        cause = "links are made by appending to it, and it is trusted as an origin, which has no path"
        yield Finding(what, cause, "PATCHBAY_URL", f"set PATCHBAY_URL={parts.scheme}://{parts.netloc}")
    if not in_production():
        return
    if parts.hostname in LOCAL:
        cause = f"it is {parts.scheme}://{parts.netloc}: neither vendors nor people elsewhere reach that"
        yield Finding("PATCHBAY_URL is this machine", cause, "PATCHBAY_URL", "set PATCHBAY_URL=https://HOST")
    elif parts.scheme != "https":
        cause = "cookies and tokens travel in the clear, and vendors send webhooks to https alone"
        mend = f"set PATCHBAY_URL=https://{parts.netloc}"
        yield Finding("PATCHBAY_URL is not https", cause, "PATCHBAY_URL", mend)


def allowed_hosts() -> Iterator[Finding]:
    """`ALLOWED_HOSTS` takes the host of `PATCHBAY_URL`, and not just any."""
    from django.conf import settings
    from django.http.request import validate_host

    host = urlsplit(settings.PATCHBAY_URL).hostname or ""
    if not validate_host(host, settings.ALLOWED_HOSTS):
        cause = f"{host} is not among {', '.join(settings.ALLOWED_HOSTS) or 'none at all'}: every page answers 400"
        mend = f"set ALLOWED_HOSTS={','.join(dict.fromkeys([*settings.ALLOWED_HOSTS, host]))}"
        yield Finding("PATCHBAY_URL's own host is turned away", cause, "ALLOWED_HOSTS", mend)
    elif in_production() and "*" in settings.ALLOWED_HOSTS:
        cause = "a request may name any host, and mails would link to it"
        yield Finding("ALLOWED_HOSTS takes every host", cause, "ALLOWED_HOSTS", f"set ALLOWED_HOSTS={host}", WARNING)


def proxy() -> Iterator[Finding]:
    """What stands in front is named: `BEHIND_PROXY`, `TRUSTED_PROXY_COUNT`."""
    from django.conf import settings

    count = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    if settings.HTTPS and not settings.SECURE_PROXY_SSL_HEADER:
        # We serve plain HTTP: https means that somebody in front ends TLS.
        cause = "PATCHBAY_URL is https, and X-Forwarded-Proto is not believed: every page redirects to itself"
        yield Finding("a proxy ends TLS, and is not known here", cause, "BEHIND_PROXY", "set BEHIND_PROXY=1")
    if settings.SECURE_PROXY_SSL_HEADER and not count:
        cause = "X-Forwarded-For is not believed: everybody behind the proxy shares one limit"
        mend = "set TRUSTED_PROXY_COUNT=1 (or how many proxies stand in a row)"
        yield Finding("one proxy is one client", cause, "TRUSTED_PROXY_COUNT", mend, WARNING)
    if count and not settings.SECURE_PROXY_SSL_HEADER:
        cause = f"TRUSTED_PROXY_COUNT is {count} and BEHIND_PROXY is off: without a proxy, anybody forges an address"
        mend = "set BEHIND_PROXY=1 if there is a proxy, else TRUSTED_PROXY_COUNT=0"
        yield Finding("X-Forwarded-For is believed from strangers", cause, "TRUSTED_PROXY_COUNT", mend, WARNING)


def port() -> Iterator[Finding]:
    """The port we serve on is free, or ours already."""
    from django.conf import settings

    yield from _port(settings.HOST, settings.REACHED_AT, settings.PORT, "PORT", "/livez")


def sandbox_port() -> Iterator[Finding]:
    """The sandbox's port is free, or the sandbox's already."""
    from django.conf import settings

    if settings.PATCHBAY_SANDBOX:
        yield from _port(settings.HOST, settings.REACHED_AT, settings.SANDBOX_PORT, "SANDBOX_PORT", "/_control/health")


def _port(host: str, reached_at: str, number: int, variable: str, path: str) -> Iterator[Finding]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OverflowError:
            yield Finding(f"{variable} is no port", f"it is {number}", variable, f"set {variable} within 1 and 65535")
        except OSError as error:
            if not _is_ours(f"http://{reached_at}:{number}{path}"):
                mend = f"ss -ltnp 'sport = :{number}' (who is it?), or set {variable} to a free port"
                cause = error.strerror or str(error)
                yield Finding(f"{host}:{number} cannot be had, and does not answer as ours", cause, variable, mend)


def _is_ours(url: str) -> bool:
    """Whether whoever listens answers as we do."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=SECONDS) as answer:
            return json.load(answer).get("status") == "ok"
    except (OSError, ValueError, AttributeError):
        return False


THEME = Theme(
    "address",
    (
        Examination("public_address", public_address, ("settings",)),
        Examination("allowed_hosts", allowed_hosts, ("settings",)),
        Examination("proxy", proxy, ("settings",)),
        Examination("port", port, ("settings",)),
        Examination("sandbox_port", sandbox_port, ("settings",)),
    ),
)

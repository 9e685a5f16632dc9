"""Whether Django's own checks are content, and the product's choices are fit for the public."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from email.utils import parseaddr

from config.doctor.address import in_production
from config.doctor.findings import ERROR, WARNING, Examination, Finding, Theme
from config.doctor.variables import SETTINGS

# Each follows from a PATCHBAY_URL without https, which is told once, by its own examination.
FOLLOW_FROM_HTTP = frozenset(f"security.W0{number}" for number in ("04", "08", "12", "16", "21"))
NEW_KEY = "set SECRET_KEY to what this prints: python -c 'import secrets; print(secrets.token_urlsafe(64))'"
# Where to turn for the checks whose hint names no variable or no command.
KNOWN = {
    "security.W009": ("SECRET_KEY", NEW_KEY),
    "security.W018": ("DEBUG", "unset DEBUG"),
    "security.W020": ("ALLOWED_HOSTS", "set ALLOWED_HOSTS to the host of PATCHBAY_URL"),
    "integrations.E002": ("", "unset PATCHBAY_SANDBOX to go live, or set {where} to the vendor's test key"),
    "integrations.E001": ("", "set {where} (or {where}_FILE), or unset the vendor's other variables to switch it off"),
}


def checks() -> Iterator[Finding]:
    """Django's system checks, the border's own among them; in production those of `--deploy`, too."""
    from django.conf import settings
    from django.core.checks import ERROR as GRAVE
    from django.core.checks import WARNING as LEAST
    from django.core.checks import run_checks

    for message in run_checks(include_deployment_checks=in_production()):
        if message.level < LEAST or message.is_silenced():
            continue
        if message.id in FOLLOW_FROM_HTTP and not settings.HTTPS:
            continue
        where, mend = KNOWN.get(message.id or "", ("", message.hint or f"{sys.executable} manage.py check --deploy"))
        found = re.search(r"\b[A-Z]+(?:_[A-Z]+)+\b", message.msg)
        where = where or (found[0] if found else str(SETTINGS))
        severity = ERROR if message.level >= GRAVE else WARNING
        yield Finding(
            message.msg.partition(". ")[0], f"system check {message.id}", where, mend.format(where=where), severity
        )


def secret_key() -> Iterator[Finding]:
    """In production, `SECRET_KEY` is given, and not made up by each machine."""
    import os

    if in_production() and not os.environ.get("SECRET_KEY") and not os.environ.get("SECRET_KEY_FILE"):
        cause = "each machine makes up its own in PATCHBAY_VAR: behind a balancer, sessions of one are void on the next"
        yield Finding("SECRET_KEY is not set", cause, "SECRET_KEY", NEW_KEY, WARNING)


def sender() -> Iterator[Finding]:
    """In production, mail comes from an address of ours."""
    from django.conf import settings

    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    if in_production() and (not domain or domain.endswith((".example", "example.com", "localhost"))):
        cause = f"it is {settings.DEFAULT_FROM_EMAIL}: mail carriers refuse it, and nobody can answer"
        mend = "set DEFAULT_FROM_EMAIL='Name <address@your.domain>'"
        yield Finding("DEFAULT_FROM_EMAIL is still the example's", cause, "DEFAULT_FROM_EMAIL", mend)


def sinks() -> Iterator[Finding]:
    """Every sink of events can be imported and called."""
    from django.conf import settings
    from django.utils.module_loading import import_string

    for name, path in settings.PATCHBAY_SINKS.items():
        mend = f"correct {name!r} in PATCHBAY_SINKS, then: {sys.executable} manage.py doctor"
        try:
            sink = import_string(path)
        except ImportError as error:
            yield Finding(f"the sink {name!r} cannot be imported", str(error), "PATCHBAY_SINKS", mend)
            continue
        if not callable(sink):
            yield Finding(f"the sink {name!r} cannot be called", f"{path} is no function", "PATCHBAY_SINKS", mend)


THEME = Theme(
    "product",
    (
        Examination("checks", checks, ("settings",)),
        Examination("secret_key", secret_key, ("settings",)),
        Examination("sender", sender, ("settings",)),
        Examination("sinks", sinks, ("settings",)),
    ),
)

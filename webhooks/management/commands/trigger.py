"""`manage.py trigger VENDOR EVENT`: any event with any data, signed as the vendor signs, through real HTTP."""

import json
from pathlib import Path
from typing import Any

import httpx2
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from integrations.errors import NotConfigured
from integrations.sandbox.samples import renewed, sample
from integrations.sandbox.signing import Sealed, seal
from webhooks.care.conditions import called
from webhooks.inbox.contents import content_of
from webhooks.models import Delivery
from webhooks.sources import signing


class Command(BaseCommand):
    help = "Send an event to this Patchbay as the vendor would."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("vendor")
        parser.add_argument("event")
        parser.add_argument("--set", action="append", default=[], metavar="a.b=c", help="change a field of the body")
        parser.add_argument("--from", dest="origin", metavar="DELIVERY", help="start from a stored delivery's body")
        parser.add_argument("--body", type=Path, metavar="FILE", help="send this file's bytes as they are")
        parser.add_argument("--header", action="append", default=[], metavar="NAME:VALUE", help="one more, or another")
        parser.add_argument("--json", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        body = options["body"].read_bytes() if options["body"] else _body(options)
        vendor, kind = options["vendor"], options["event"]
        url = f"{settings.PATCHBAY_URL}/webhooks/{vendor}"
        try:
            sealed = _sealed(vendor, body, kind)
            headers = _with(sealed.headers, options["header"])
            trusting = not settings.PATCHBAY_SANDBOX
            answer = httpx2.post(url, headers=headers, content=sealed.body, trust_env=trusting)
        except (httpx2.HTTPError, NotConfigured) as error:
            raise CommandError(f"not sent: {error!r}") from error
        told = {"vendor": vendor, "event": kind, "status": answer.status_code, "answer": answer.text}
        line = f"{kind} → {url}: {answer.status_code} {answer.text}"
        self.stdout.write(json.dumps(told) if options["json"] else line)
        if answer.status_code != 200:
            raise CommandError(f"it was answered {answer.status_code}", returncode=2)


def _sealed(slug: str, body: bytes, kind: str) -> Sealed:
    if source := signing.custom_source(slug):
        return Sealed(body=body, headers=signing.sign(source, body, kind, timezone.now()))
    return seal(slug, body, kind=kind, now=timezone.now())


def _body(options: dict[str, Any]) -> bytes:
    vendor = options["vendor"]
    data = _stored(options["origin"]) if options["origin"] else _sample(vendor, options["event"])
    for change in options["set"]:
        path, equals, value = change.partition("=")
        if not equals:
            raise CommandError(f"--set {change!r} is not of the form a.b=c")
        _put(data, path, _value(value))
    return json.dumps(data).encode()


def _with(signed: dict[str, str], given: list[str]) -> dict[str, str]:
    """The vendor's headers and those given, which take the place of one of the same name, whatever its case."""
    parts = [header.partition(":") for header in given]
    if wrong := [name for name, colon, _ in parts if not colon or not name.strip()]:
        raise CommandError(f"--header {wrong[0]!r} is not of the form NAME:VALUE")
    ours = {name.strip(): value.strip() for name, _, value in parts}
    known = {name.lower() for name in ours}
    return {name: value for name, value in signed.items() if name.lower() not in known} | ours


def _sample(vendor: str, kind: str) -> Any:
    if source := signing.custom_source(vendor):
        return signing.sample(source, kind)
    try:
        return renewed(vendor, sample(vendor, kind), timezone.now())  # else it would be taken for a repetition
    except (KeyError, FileNotFoundError) as error:
        raise CommandError(f"there is no sample of {vendor} {kind}: give --body or --from") from error


def _stored(identifier: str) -> Any:
    found = Delivery.objects.filter(pk__in=called((identifier,))).order_by("-pk").first()
    if found is None:
        raise CommandError(f"no delivery is called {identifier!r}")
    content = content_of(found)
    if content is None:
        raise CommandError(f"the body of {identifier} is no longer kept")
    try:
        return json.loads(content.body)
    except ValueError as error:
        raise CommandError(f"the body of {identifier} is not JSON: give --body") from error


def _put(data: Any, path: str, value: Any) -> None:
    *way, last = path.split(".")
    try:
        for step in way:
            data = data[int(step)] if isinstance(data, list) else data.setdefault(step, {})
        data[int(last) if isinstance(data, list) else last] = value
    except (ValueError, IndexError, TypeError) as error:
        raise CommandError(f"the body has no place called {path!r}") from error


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text

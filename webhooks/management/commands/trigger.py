"""`manage.py trigger VENDOR EVENT`: any event with any data, signed as the vendor signs, through real HTTP."""

import json
import uuid
from pathlib import Path
from typing import Any

import httpx2
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from integrations.sandbox.samples import sample
from integrations.sandbox.signing import sign
from webhooks.models import Delivery

# The vendor's own id inside the body, made new so that the event is not a duplicate. GitHub's is a header.
IDS = {"stripe": ("id", "evt_"), "sendgrid": ("0.sg_event_id", "")}


class Command(BaseCommand):
    help = "Send an event to this Patchbay as the vendor would."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("vendor")
        parser.add_argument("event")
        parser.add_argument("--set", action="append", default=[], metavar="a.b=c", help="change a field of the body")
        parser.add_argument("--from", dest="origin", metavar="DELIVERY", help="start from a stored delivery's body")
        parser.add_argument("--body", type=Path, metavar="FILE", help="send this file's bytes as they are")
        parser.add_argument("--json", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        body = options["body"].read_bytes() if options["body"] else _body(options)
        vendor, kind = options["vendor"], options["event"]
        url = f"{settings.PATCHBAY_URL}/webhooks/{vendor}"
        try:
            signed = sign(vendor, body, kind=kind, now=timezone.now())
            answer = httpx2.post(url, headers=signed, content=body, trust_env=not settings.PATCHBAY_SANDBOX)
        except (httpx2.HTTPError, KeyError) as error:
            raise CommandError(f"not sent: {error!r}") from error
        told = {"vendor": vendor, "event": kind, "status": answer.status_code, "answer": answer.text}
        line = f"{kind} → {url}: {answer.status_code} {answer.text}"
        self.stdout.write(json.dumps(told) if options["json"] else line)
        if answer.status_code != 200:
            raise CommandError(f"it was answered {answer.status_code}", returncode=2)


def _body(options: dict[str, Any]) -> bytes:
    vendor = options["vendor"]
    data = _stored(options["origin"]) if options["origin"] else _sample(vendor, options["event"])
    if vendor in IDS and not options["origin"]:
        path, prefix = IDS[vendor]
        _put(data, path, prefix + uuid.uuid4().hex)
    for change in options["set"]:
        path, equals, value = change.partition("=")
        if not equals:
            raise CommandError(f"--set {change!r} is not of the form a.b=c")
        _put(data, path, _value(value))
    return json.dumps(data).encode()


def _sample(vendor: str, kind: str) -> Any:
    try:
        return sample(vendor, kind)
    except (KeyError, FileNotFoundError) as error:
        raise CommandError(f"there is no sample of {vendor} {kind}: give --body or --from") from error


def _stored(identifier: str) -> Any:
    found = Delivery.objects.filter(external_id=identifier).first()
    if found is None and identifier.isdigit():
        found = Delivery.objects.filter(pk=identifier).first()
    if found is None:
        raise CommandError(f"no delivery is called {identifier!r}")
    return json.loads(bytes(found.body))


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

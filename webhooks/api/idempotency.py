"""`Idempotency-Key`: the first answer again for the same request, 422 for another one, 409 while it still runs.

An answer of 5xx is not kept, and a request whose process died is taken over after its lease: either the services
behind are idempotent themselves, and this layer spares the caller from noticing, or effect and answer are committed
together. The draft it follows has expired (draft-ietf-httpapi-idempotency-key-header-07), the practice has not.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from webhooks.api.problems import MEDIA_TYPE
from webhooks.models import IdempotentRequest
from webhooks.problems import Problem

KEY = re.compile(r"[\x21-\x7e]{1,255}")
KEPT = timedelta(days=7)  # whoever tries again does so within minutes; a form may lie open over a weekend
AT_ONCE = 1000
_RECORD = "idempotency_record"


def once(key: str, handler: Callable[..., Response], request: Request, *args: Any, **kwargs: Any) -> Response:
    """Run `handler` unless this person's `key` has been answered already."""
    if not KEY.fullmatch(key):
        raise Problem(400, "bad_idempotency_key", "Idempotency-Key is not 1 to 255 visible ASCII characters")
    record, fresh = _reserve(request.user, key, _fingerprint(request))
    if not fresh:
        kind = MEDIA_TYPE if record.status and record.status >= 400 else None
        return Response(record.answer, record.status, headers={"Idempotent-Replayed": "true"}, content_type=kind)
    setattr(request, _RECORD, record)
    try:
        response = handler(request, *args, **kwargs)
        _keep(record, response.status_code, response.data)
    except Problem as problem:
        _keep(record, problem.status, problem.body())
        raise
    except BaseException:
        _own(record).delete()
        raise
    return response


@transaction.atomic
def together(request: Request, do: Callable[[], Response]) -> Response:
    """What `do` does and, where the request has a key, the answer kept under it: both are committed, or neither.

    `do` asks nobody but the database: on SQLite all other writers wait for it.
    """
    response = do()
    record = getattr(request, _RECORD, None)
    if record and not _keep(record, response.status_code, response.data):
        raise _running()  # somebody else took it over: what was done here is not to be
    return response


def once_sent(user: Any, token: UUID, content: str, do: Callable[[], str]) -> str:
    """What `do` returned when this person's form with this `token` and `content` was first sent: pressed twice, it has
    one effect. What `do` raises undoes what it did, and the form may be sent again. It asks nobody but the database.
    """
    # No key of a program has a space.
    key = f"form {token} {hashlib.sha256(content.encode()).hexdigest()}"
    try:
        with transaction.atomic():
            record = IdempotentRequest.objects.create(user=user, key=key)
            made = do()
            _keep(record, 200, made)
    except IntegrityError:
        kept = IdempotentRequest.objects.filter(user=user, key=key).first()
        if kept is None:
            raise
        return str(kept.answer)
    return made


def _fingerprint(request: Request) -> str:
    raw = request._request.body
    return hashlib.sha256(b"\n".join([str(request.method).encode(), request.path.encode(), raw])).hexdigest()


def _reserve(user: Any, key: str, fingerprint: str) -> tuple[IdempotentRequest, bool]:
    """The record of this key, and whether it is ours to answer."""
    try:
        with transaction.atomic():
            return IdempotentRequest.objects.create(user=user, key=key, fingerprint=fingerprint), True
    except IntegrityError:
        pass
    with transaction.atomic():
        record = IdempotentRequest.objects.select_for_update().get(user=user, key=key)
        if record.fingerprint != fingerprint:
            raise Problem(422, "idempotency_key_reused", "This Idempotency-Key was used for another request")
        if record.finished_at:
            return record, False
        if record.started_at > timezone.now() - timedelta(seconds=settings.LEASE_SECONDS):
            raise _running()
        record.started_at = timezone.now()
        record.save(update_fields=["started_at"])
        return record, True


def _running() -> Problem:
    return Problem(409, "request_in_progress", "The first request with this key still runs", retry_after=1)


def _own(record: IdempotentRequest) -> QuerySet[IdempotentRequest]:
    """The record, as long as nobody has taken it over."""
    return IdempotentRequest.objects.filter(pk=record.pk, started_at=record.started_at, finished_at=None)


def _keep(record: IdempotentRequest, status: int, answer: Any) -> bool:
    """Keep the answer unless it is a 5xx; whether the record was ours still."""
    own = _own(record)
    if status >= 500:
        return bool(own.delete()[0])
    return bool(own.update(status=status, answer=answer, finished_at=timezone.now()))


def trim(now: datetime) -> int:
    """Forget what was asked longer than a week ago, a few at a time; returns how many requests that were."""
    old, gone = IdempotentRequest.objects.filter(started_at__lt=now - KEPT), 0
    while batch := list(old.values_list("pk", flat=True)[:AT_ONCE]):
        gone += old.filter(pk__in=batch).delete()[0]  # asked again: one that has been taken over since is new
    return gone

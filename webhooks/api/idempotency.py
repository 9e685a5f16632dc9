"""`Idempotency-Key`: the first answer again for the same request, 422 for another one, 409 while it still runs.

An answer of 5xx is not kept, and a request whose process died is taken over after its lease: the services
behind are idempotent themselves, this layer spares the caller from noticing. The draft it follows has
expired (draft-ietf-httpapi-idempotency-key-header-07), the practice has not.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from webhooks.models import IdempotentRequest
from webhooks.problems import Problem

KEY = re.compile(r"[\x21-\x7e]{1,255}")


def once(key: str, handler: Callable[..., Response], request: Request, *args: Any, **kwargs: Any) -> Response:
    """Run `handler` unless this person's `key` has been answered already."""
    if not KEY.fullmatch(key):
        raise Problem(400, "bad_idempotency_key", "Idempotency-Key is not 1 to 255 visible ASCII characters")
    record, fresh = _reserve(request.user, key, _fingerprint(request))
    if not fresh:
        return Response(record.answer, record.status, headers={"Idempotent-Replayed": "true"})
    try:
        response = handler(request, *args, **kwargs)
    except Problem as problem:
        _keep(record, problem.status, problem.body())
        raise
    except BaseException:
        record.delete()
        raise
    _keep(record, response.status_code, response.data)
    return response


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
            raise Problem(409, "request_in_progress", "The first request with this key still runs", retry_after=1)
        record.started_at = timezone.now()
        record.save(update_fields=["started_at"])
        return record, True


def _keep(record: IdempotentRequest, status: int, answer: Any) -> None:
    if status >= 500:
        record.delete()
        return
    record.status, record.answer, record.finished_at = status, answer, timezone.now()
    record.save(update_fields=["status", "answer", "finished_at"])

"""One HTTP exchange with a vendor, through the pipeline: what comes back is a success, or an error that says what
to do next."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2
from django.conf import settings

from integrations.errors import IntegrationError, OutcomeUnknown, Permanent, Retryable
from integrations.http import deadline
from integrations.http.auth import Auth
from integrations.http.bounds import bound
from integrations.http.meaning import error_for, words_of
from integrations.http.operation import operation_of
from integrations.http.pipeline import guarded
from integrations.http.policy import policy_of
from integrations.http.processes import once_a_process
from integrations.http.quota import heed
from integrations.http.retry import Call

# Once a process: what one vendor may hold of them is bounded by its policy and the threads there are.
LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=20)
IDEMPOTENT = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")
KEYS = ("idempotency-key", "paypal-request-id")
# Our own fault, a key with a line break, say: found out before anything is on the wire.
NEVER_LEFT = (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, UnicodeError)
LARGEST = 16 << 20  # bytes of an answer: a vendor that sends more is not itself


@dataclass(frozen=True)
class Answer:
    """What the vendor answered. Header names are case-insensitive."""

    status: int
    headers: httpx2.Headers
    body: bytes


Meaning = Callable[[Answer], IntegrationError | None]


def exchange(
    vendor: str,
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    content: bytes | str | None = None,
    *,
    auth: Auth | None = None,
    meaning: Meaning | None = None,
    as_json: bool = False,
    hallmark: str = "",
    tenant: str = "",
) -> Answer:
    """The vendor's answer, a 2xx. Whatever else comes of it is raised as one of `integrations.errors`.

    `meaning` may know better what an answer that is no success amounts to. `as_json`: a 2xx that is not JSON is no
    answer; nor is one without the header `hallmark`, where the vendor sends that with every success. A method that is
    not idempotent is repeated only under an idempotency key.
    """
    sent = dict(headers or {})
    call = Call(
        vendor=vendor,
        operation=operation_of(method, url),
        idempotent=method in IDEMPOTENT,
        keyed=any(name.lower() in KEYS for name in sent),
        tenant=tenant,
    )
    proof: dict[str, str] = {}

    def prove() -> None:
        if auth:
            proof.clear()
            proof.update(auth.headers())

    def attempt() -> Answer:
        answer = _send(call, method, url, sent | proof, content)
        # Told that it is still what we hold, as we asked: that is an answer.
        if answer.status == 304 and any(name.lower().startswith("if-") for name in sent):
            return answer
        _require_success(call, answer, meaning)
        if as_json:
            _require_json(call, answer)
        if hallmark and hallmark not in answer.headers:
            raise _unread(call, answer)
        return answer

    return guarded(call, attempt, prove, (lambda: auth.renew(proof)) if auth else None)


def _send(call: Call, method: str, url: str, headers: Mapping[str, str], content: bytes | str | None) -> Answer:
    policy = policy_of(call.vendor)
    timeout = httpx2.Timeout(deadline.bounded(policy.attempt), connect=deadline.bounded(policy.connect))
    try:
        with _client().stream(method, url, headers=headers, content=content, timeout=timeout) as response:
            heed(call.vendor, response.headers)
            return Answer(response.status_code, response.headers, _read(call, response))
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        raise Retryable(f"{call.vendor} cannot be reached") from error
    except NEVER_LEFT as error:
        raise Permanent(f"what we ask of {call.vendor} cannot be sent: {type(error).__name__}") from error
    except httpx2.RequestError as error:
        raise OutcomeUnknown(f"{call.vendor} did not answer") from error


def _read(call: Call, response: httpx2.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > LARGEST:
            raise OutcomeUnknown(f"{call.vendor}'s answer has no end")
    return bytes(body)


def _require_success(call: Call, answer: Answer, meaning: Meaning | None) -> None:
    if 200 <= answer.status < 300:
        return
    error = meaning(answer) if meaning else None
    if error is None:
        words = words_of(answer.status, answer.body)
        raise error_for(call.vendor, answer.status, answer.headers, idempotent=call.idempotent, words=words)
    error.status = answer.status
    raise error


def _require_json(call: Call, answer: Answer) -> None:
    try:
        json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise _unread(call, answer) from error


def _unread(call: Call, answer: Answer) -> OutcomeUnknown:
    """A proxy's page, or half an answer: the vendor may well have done what was asked."""
    unread = OutcomeUnknown(f"{call.vendor}'s answer cannot be read")
    unread.status = answer.status
    return unread


@once_a_process
def _client() -> httpx2.Client:
    # The sandbox is on this machine: a proxy set for the outside world must not swallow it. And no cookies: one
    # person's call must not carry what the vendor set for another's.
    nobodys = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    client = httpx2.Client(limits=LIMITS, trust_env=not settings.PATCHBAY_SANDBOX, cookies=nobodys)
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx2.HTTPTransport):
            bound(transport)
    return client

"""The tables of docs/vendor-failures.md, made from the code's own policy, so that the page cannot drift from it."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from django.conf import settings

from config.watch import OBEYED_WITHIN
from integrations import absence
from integrations.claims import LONGEST
from integrations.contract import Provider
from integrations.email.services import MAX_ATTEMPTS
from integrations.errors import (
    CircuitOpen,
    DeadlineExceeded,
    IntegrationError,
    OutcomeUnknown,
    Permanent,
    RateLimited,
    Retryable,
    Spent,
    Unauthorized,
)
from integrations.http import local, retry, shared, state
from integrations.http.meaning import RULES, Rule
from integrations.http.states import Mode, Outcome
from integrations.registry import all_providers
from payments import problems
from payments.services.settlement import START_WITHIN
from webhooks.problems import Problem

PAGE = Path(__file__).resolve().parent.parent / "docs" / "vendor-failures.md"
TABLE = re.compile(r"<!-- table: (\w+) -->\n.*?<!-- end -->", re.DOTALL)

COUNTS = {
    Outcome.FAILED: "as a failure",
    Outcome.OK: "as a success: a vendor that refuses is well",
    Outcome.NONE: "not at all",
}
MODES = {
    Mode.AUTO: "the breaker decides",
    Mode.OPEN: "nothing is sent, until staff order otherwise",
    Mode.CLOSED: "everything is sent; failures are counted and change nothing",
    Mode.DISABLED: "everything is sent, and nothing is counted",
    Mode.WATCH: "everything is sent; the state changes as if the breaker decided",
}


def woven(page: str) -> str:
    """The page with each of its tables as the code has them now; `KeyError` for one that nobody makes."""
    return TABLE.sub(lambda found: f"<!-- table: {found[1]} -->\n{TABLES[found[1]]()}\n<!-- end -->", page)


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [list(head), ["---"] * len(list(head)), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _endings() -> str:
    head = ("what comes of an attempt", "error", "without a key, after a POST", "the breaker counts it", "then")
    return _table(head, map(_ending, RULES))


def _ending(rule: Rule) -> tuple[str, ...]:
    unsafe = "`OutcomeUnknown`, not tried again" if issubclass(rule.unsafe, OutcomeUnknown) else "the same"
    return rule.what, f"`{rule.error.__name__}`", unsafe, COUNTS[rule.outcome], rule.then


def _called() -> list[Provider]:
    return [provider for provider in all_providers().values() if provider.api]


def _policies() -> str:
    head = ("vendor", "an attempt", "to connect", "everything", "attempts", "rate", "in the queue", "retries")
    return _table(head, map(_policy, _called()))


def _policy(provider: Provider) -> tuple[object, ...]:
    granted = provider.policy
    return (
        provider.name,
        f"{granted.attempt:g} s",
        f"{granted.connect:g} s",
        f"{granted.deadline:g} s",
        granted.attempts,
        f"{granted.rate:g}/s, burst {granted.burst}",
        granted.waiting,
        f"{granted.retry_tokens:g} in hand, then {granted.retry_ratio:.0%} of successes, "
        f"or {granted.retry_refill:g} for each minute since the last",
    )


def _breakers() -> str:
    head = ("vendor", "opens at", "of at least", "within", "for", "at most", "trials", "slow calls")
    return _table(head, map(_breaker, _called()))


def _breaker(provider: Provider) -> tuple[object, ...]:
    circuit = provider.policy.breaker
    slow = "do not count" if circuit.slow is None else f"{circuit.slow_rate:.0%} slower than {circuit.slow:g} s open it"
    return (
        provider.name,
        f"{circuit.failure_rate:.0%} failures",
        f"{circuit.minimum} calls",
        f"{circuit.window} s",
        f"{circuit.open_for:g} s, doubling",
        f"{circuit.open_at_most:g} s",
        circuit.permits,
        slow,
    )


def _numbers() -> str:
    rows = [
        ("longest pause before the first, second and any further retry", _pauses()),
        ("longest that a 429 closes the gate, whatever the vendor asks", f"{local.HOLD_AT_MOST:g} s"),
        ("how long a trial's permit outlives its attempt's time", f"{local.LEASE_MARGIN:g} s"),
        ("within which a staff order reaches every process, by way of Redis", f"{shared.MIRROR:g} s"),
        ("the same without Redis", f"{OBEYED_WITHIN:g} s"),
        ("after which a silent Redis counts as away", f"{state.PATIENCE:g} s"),
        ("how long Redis is then left alone, at first and at most", f"{absence.SHORTEST:g} s, {absence.LONGEST:g} s"),
        ("longest that a page or an API call may take", f"{settings.REQUEST_SECONDS:g} s"),
        ("longest that a worker works on a row before another takes it over", f"{settings.LEASE_SECONDS:g} s"),
        ("longest pause between a worker's tries", f"{LONGEST / 3600:g} h"),
        ("tries of a mail, before a person has to look", MAX_ATTEMPTS),
        ("how long a payment that never started is tried for", f"{START_WITHIN.total_seconds() / 3600:g} h"),
    ]
    return _table(("what", "how much"), rows)


def _pauses() -> str:
    return ", ".join(f"{min(retry.CEILING, retry.BASE * 4.0**number):g} s" for number in (1, 2, 3))


def _checkout() -> str:
    head = ("what happened", "the page says", "status", "code", "Retry-After")
    return _table(head, (_told(what, problem) for what, problem in _problems()))


def _problems() -> Iterable[tuple[str, Problem]]:
    yield "the circuit was open already: no order is made, the cart stays", problems.vendor_resting(30, another=False)
    for what, error in _CAUSES:
        yield what, problems.payment_failed(error, "1001")


def _told(what: str, problem: Problem) -> tuple[object, ...]:
    return what, problem.title, problem.status, f"`{problem.code}`", problem.headers().get("Retry-After", "none")


def _answered(error: IntegrationError, status: int) -> IntegrationError:
    error.status = status
    return error


_CAUSES: list[tuple[str, IntegrationError]] = [
    ("the circuit opened while the order was placed, 30 s to go", CircuitOpen("", 30.0)),
    ("unreachable, or no time was left", DeadlineExceeded("")),
    ("timeout, reset, dropped reply", OutcomeUnknown("")),
    ("500, 502, 503, garbage", _answered(OutcomeUnknown(""), 503)),
    ("500 that the vendor keeps under the idempotency key, twice in a row", _answered(Spent(""), 500)),
    ("the vendor asks for a pause of 20 s", _answered(Retryable("", 20.0), 503)),
    ("429 for longer than there was time, here a day", _answered(RateLimited("", 86_400.0), 429)),
    ("401, 403, no credentials", _answered(Unauthorized(""), 401)),
    ("400 and other refusals", _answered(Permanent(""), 400)),
]


def _modes() -> str:
    return _table(("order", "meaning"), ((f"`{mode}`", MODES[mode]) for mode in Mode))


TABLES: dict[str, Callable[[], str]] = {
    "endings": _endings,
    "policies": _policies,
    "breakers": _breakers,
    "numbers": _numbers,
    "checkout": _checkout,
    "modes": _modes,
}

"""What is wrong in words, and what to do about it: one line of a table for each way a vendor can fail."""

from dataclasses import dataclass

import httpx2

from integrations.contract import Provider
from integrations.errors import IntegrationError
from integrations.registry import all_providers

OURS = "patchbay"  # the vendor of an incident that is our own


@dataclass(frozen=True)
class Words:
    """A cause, as one sentence, and what a person does about it."""

    cause: str
    remedy: str


OWN_STATUS = "Look at {name}'s own status page. It is tried again by itself, and this closes when it answers."

TABLE = {
    "unauthorized": Words(
        "The key is not accepted.",
        "Compare {variables} with the key in {name}'s dashboard, set the right one, and restart.",
    ),
    "forbidden": Words(
        "The key is good and may not do what we ask.",
        "Give the key in {variables} the missing permission in {name}'s dashboard; the recent failures name it.",
    ),
    "reconnect": Words(
        "The connection was withdrawn or has run out.", "Connect the account at {name} again: nothing else helps."
    ),
    "circuit_open": Words(
        "Calls kept failing, so {name} is left alone for now.",
        "Nothing at once: it is tried again by itself. The recent failures say what it answered.",
    ),
    "held_open": Words(
        "Staff hold the circuit open: nothing is sent.", "Set the breaker to automatic once the reason is gone."
    ),
    "rate_limited": Words(
        "We have asked more often than {name} allows.",
        "Wait for the limit to renew. If this comes back, ask {name} for a higher one, or lower our rate.",
    ),
    "unreachable": Words(
        "No connection can be made.",
        "Check this machine's way out (DNS, proxy, firewall) to {address}, then {name}'s own status page.",
    ),
    "timeout": Words("It takes requests and does not answer in time.", OWN_STATUS),
    "server_error": Words("It answers with errors of its own.", OWN_STATUS),
    "vendor_unavailable": Words("It does not answer as it should.", OWN_STATUS),
    "vendor_refused": Words(
        "It refuses what we ask.", "The recent failures say why. Has {name} changed its API, or our account there?"
    ),
    "not_found": Words(
        "What we ask for is not there.",
        "Check {prefix}_API_URL and the account at {name}: the address {address} may be wrong.",
    ),
    "broken": Words("Our own probe failed before it asked.", "This is a fault in Patchbay: the log has its traceback."),
    "half_open": Words(
        "It is being tried again, with a few calls only.", "Nothing: if the calls succeed, all of them pass again."
    ),
    "error_rate": Words("More than one call in ten fails.", "The recent failures say which calls, and why."),
    "slow": Words("Its answers take too long.", OWN_STATUS),
    "late": Words(
        "No delivery for {silence}; usually one comes within {usual}.",
        "In {name}'s dashboard, see that the webhook to {webhook} is enabled and what its last attempts were answered.",
    ),
    "gap": Words(
        "{missing} of the webhooks it sent had not arrived: {fate}.",
        "In {name}'s dashboard, see what the attempts at {webhook} were answered; then look for what stands between: "
        "a proxy, a firewall, a restart, a secret that was rotated on one side. This closes when nothing is missing.",
    ),
    "unconfigured": Words(
        "It is no longer configured, so nobody knows how it is.",
        "Nothing, if that was meant; otherwise set {variables} again, and restart.",
    ),
    "deleted": Words(
        "The source was deleted, so it is no longer watched.",
        "Nothing, if that was meant; otherwise set the source up again, and give its sender the new secret.",
    ),
    "silent": Words(
        "The worker has shown no sign of life for {silence}.",
        "See that worker, beat and broker run (Procfile, /readyz), and read the worker's last lines.",
    ),
}
SAME = {"deadline_exceeded": "timeout", "mismatch": "vendor_refused", "outcome_unknown": "vendor_unavailable"}


def code_of(error: Exception) -> str:
    """The line of the table that fits an error."""
    if not isinstance(error, IntegrationError):
        return "broken"
    code = SAME.get(error.code, error.code)
    if code == "vendor_unavailable":
        return _kind_of_absence(error)
    return code if code in TABLE else "vendor_refused"


def _kind_of_absence(error: IntegrationError) -> str:
    below = error.__cause__
    if isinstance(below, httpx2.ConnectError | httpx2.ConnectTimeout):
        return "unreachable"
    if isinstance(below, httpx2.TimeoutException | TimeoutError):
        return "timeout"
    return "server_error" if (error.status or 0) >= 500 else "vendor_unavailable"


def words(vendor: str, code: str, **known: str) -> Words:
    """Cause and remedy of `code` for this vendor; `known` fills what only the finder knows."""
    line = TABLE[code]
    context = _context(vendor) | known
    return Words(line.cause.format(**context), line.remedy.format(**context))


def name_of(vendor: str) -> str:
    """What people call it."""
    provider = all_providers().get(vendor)
    return provider.name if provider else {OURS: "Patchbay"}.get(vendor, vendor)


def _context(vendor: str) -> dict[str, str]:
    provider = all_providers().get(vendor)
    name = name_of(vendor)
    if provider is None:
        return {"name": name, "prefix": vendor.upper(), "variables": "the key", "address": name}
    return {
        "name": name,
        "prefix": provider.prefix,
        "variables": _variables(provider),
        "address": provider.base_url or name,
    }


def _variables(provider: Provider) -> str:
    """The variables that hold what we show the vendor; those that only prove the vendor to us are left out."""
    shown = [item.name for item in provider.variables if "WEBHOOK" not in item.name]
    return " and ".join(f"{provider.prefix}_{name}" for name in shown) or "the key"


def span(seconds: float) -> str:
    """A length of time as a person says it: `40 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    whole = int(seconds)
    for above, unit, below, part in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= above:
            rest = whole % above // below
            return f"{whole // above} {unit}" + (f" {rest} {part}" if rest else "")
    return f"{whole // 60} min" if whole >= 60 else f"{whole} s"

"""Write a mail, carry it, and note what the carrier reports of it."""

from uuid import UUID

import structlog
from anymail.exceptions import AnymailError
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from integrations import registry
from integrations.claims import backoff, claim, lease
from integrations.correlation import correlate, request_id
from integrations.email import metrics
from integrations.email.models import Mail
from integrations.errors import DeadlineExceeded, NotConfigured, Permanent, Retryable
from integrations.http import deadline
from integrations.masking import masked
from integrations.ports import MailCarrier
from integrations.wake import after_commit

log = structlog.get_logger("mail")

BATCH = 20
MAX_ATTEMPTS = 20


def write(
    *,
    to: list[str],
    subject: str,
    text: str,
    html: str = "",
    sender: str = "",
    reason: str = "",
    about: str = "",
) -> Mail:
    """Write a mail down in the caller's transaction; the same `reason` writes one mail however often it is given."""
    from integrations.email.tasks import wake_carry

    content = {
        "to": to,
        "subject": " ".join(subject.split()),
        "text": text,
        "html": html,
        "sender": sender or settings.DEFAULT_FROM_EMAIL,
        "about": about,
        "request_id": request_id(),
    }
    if reason:
        mail, _ = Mail.objects.get_or_create(reason=reason, defaults=content)
    else:
        mail = Mail.objects.create(**content)
    after_commit(wake_carry)
    return mail


def carry() -> int:
    """Send every mail that is due; returns how many were taken."""
    taken = 0
    while batch := _claim():
        for mail in batch:
            with correlate(mail.request_id), lease(mail):
                _settle_or_send(mail)
        taken += len(batch)
    return taken


def _claim() -> list[Mail]:
    # `claim` marks the row SENDING and returns it as it was: SENDING here means an earlier claimant died on it.
    open_states = [Mail.State.WAITING, Mail.State.SENDING]
    return claim(Mail.objects.filter(state__in=open_states), BATCH, state=Mail.State.SENDING)


def _settle_or_send(mail: Mail) -> None:
    try:
        _require_time()
        carrier = registry.port(settings.MAIL_CARRIER, MailCarrier)
        if not _was_taken(mail, carrier):
            _send(mail, carrier)
        _end(mail, Mail.State.SENT)
    except (Permanent, NotConfigured) as error:
        _end(mail, Mail.State.FAILED, str(error))
    except Retryable as error:
        _postpone(mail, error)
    metrics.mails.count(mail.state)
    loud = {Mail.State.FAILED: log.error, Mail.State.SENDING: log.warning}
    write = loud.get(Mail.State(mail.state), log.info)
    write("mail", id=str(mail.pk), state=mail.state, attempt=mail.attempts, error=mail.error)


def _require_time() -> None:
    """A mail is begun in the first half of its lease: what is sent in the second might still be under way, and unknown
    to the carrier, when the next claimant asks it."""
    if deadline.bounded(settings.LEASE_SECONDS) < settings.LEASE_SECONDS / 2:
        raise DeadlineExceeded("the lease of this mail is nearly over")


def _was_taken(mail: Mail, carrier: MailCarrier) -> bool:
    """Whether an earlier claimant's mail went out, by the carrier's own report or by its answer now."""
    return mail.state == Mail.State.SENDING and (bool(mail.outcome) or carrier.accepted(str(mail.pk)))


def _send(mail: Mail, carrier: MailCarrier) -> None:
    message = EmailMultiAlternatives(mail.subject, mail.text, mail.sender, mail.to)
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    # Comes back in the carrier's reports, and is what `accepted` asks for.
    message.metadata = {"mail": str(mail.pk)}  # type: ignore[attr-defined]
    try:
        carrier.backend().send_messages([message])
    except AnymailError as error:
        raise Permanent(masked(f"the carrier refused: {error}")) from error


def _postpone(mail: Mail, error: Retryable) -> None:
    # It stays SENDING: a 5xx or a silence may hide a mail that was taken, and the next claimant asks first.
    state = Mail.State.FAILED if mail.attempts >= MAX_ATTEMPTS else Mail.State.SENDING
    _save(mail, state=state, error=str(error), due_at=timezone.now() + backoff(mail.attempts, error.retry_after))


def _end(mail: Mail, state: Mail.State, error: str = "") -> None:
    _save(mail, state=state, error=error, sent_at=timezone.now() if state == Mail.State.SENT else None)


def _save(mail: Mail, **changes: object) -> None:
    for name, value in changes.items():
        setattr(mail, name, value)
    Mail.objects.filter(pk=mail.pk, attempts=mail.attempts, state=Mail.State.SENDING).update(**changes)


# A later report may arrive first: each outcome gives way only to those it lists.
GIVES_WAY_TO = {
    "": ("accepted", "deferred", "delivered", "bounced", "complained"),
    "accepted": ("deferred", "delivered", "bounced", "complained"),
    "deferred": ("delivered", "bounced", "complained"),
    "delivered": ("bounced", "complained"),
}


def note(mail: str, outcome: str, reason: str = "") -> None:
    """Note the carrier's report, in whatever order reports come; one about a mail that is not ours changes nothing."""
    earlier = [known for known, later in GIVES_WAY_TO.items() if outcome in later]
    try:
        identifier = UUID(mail)
    except ValueError:
        return
    Mail.objects.filter(pk=identifier, outcome__in=earlier).update(outcome=outcome, error=reason)


def send_again(mail: Mail) -> None:
    """Queue a mail that failed; wakes the carrier once this is committed."""
    from integrations.email.tasks import wake_carry

    Mail.objects.filter(pk=mail.pk, state=Mail.State.FAILED).update(
        state=Mail.State.WAITING, attempts=0, due_at=timezone.now(), error=""
    )
    after_commit(wake_carry)

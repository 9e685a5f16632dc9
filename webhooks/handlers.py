"""Facts that no domain owns: the fate of a mail, and news of a repository."""

from dataclasses import asdict
from functools import partial

from integrations.email import services as mail
from integrations.facts import MailReported, RepositoryPushed
from webhooks.handling import Effect, handles
from webhooks.outbox import publish


@handles(MailReported)
def note_mail(fact: MailReported) -> Effect:
    return partial(_note_mail, fact)


def _note_mail(fact: MailReported) -> None:
    mail.note(fact.mail, fact.outcome, fact.reason)
    if fact.outcome == "bounced":
        publish("email.bounced", {"mail": fact.mail, "reason": fact.reason}, about=f"mail:{fact.mail}")


@handles(RepositoryPushed)
def announce_push(fact: RepositoryPushed) -> Effect:
    return partial(publish, "repository.pushed", asdict(fact), about=f"repository:{fact.repository}")

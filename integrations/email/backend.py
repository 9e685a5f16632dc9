"""Django's e-mail backend that writes mails down: whoever sends mail in a transaction sends it if that commits."""

from collections.abc import Sequence

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from integrations.email.services import write


class OutboxBackend(BaseEmailBackend):
    """Every `send_mail` of Django, allauth or ours becomes a row here."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            write(
                to=message.recipients(),
                subject=str(message.subject),
                text=str(message.body),
                html=_html(message),
                sender=message.from_email,
            )
        return len(email_messages)


def _html(message: EmailMessage) -> str:
    if not isinstance(message, EmailMultiAlternatives):
        return ""
    return next((str(body) for body, kind in message.alternatives if kind == "text/html"), "")

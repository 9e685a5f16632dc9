"""The mail sink: an event that has a mail template and a recipient is mailed, once."""

from django.conf import settings
from django.template.exceptions import TemplateDoesNotExist
from django.template.loader import get_template

from integrations.email.services import write
from integrations.ports import OPERATORS, Event


def write_for(event: Event) -> None:
    """Write the mail of `event`: `templates/mail/<name>.{subject.txt,txt,html}`, rendered with the event's data."""
    to = settings.OPERATORS if event.recipient == OPERATORS else [event.recipient]
    if not any(to) or not _has_mail(event.name):
        return
    subject, text, html = (
        get_template(f"mail/{event.name}.{part}").render(dict(event.data)) for part in ("subject.txt", "txt", "html")
    )
    write(
        to=list(to),
        subject=subject,
        text=text,
        html=html,
        reason=f"event:{event.id}",
        about=event.about,
    )


def _has_mail(name: str) -> bool:
    try:
        get_template(f"mail/{name}.txt")
    except TemplateDoesNotExist:
        return False
    return True

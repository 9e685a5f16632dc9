"""What Patchbay changes in allauth: our name instead of a row in django.contrib.sites."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings


@dataclass(frozen=True)
class Site:
    """What mail templates know as `current_site`."""

    name: str = "Patchbay"
    domain: str = urlsplit(settings.PATCHBAY_URL).netloc


class AccountAdapter(DefaultAccountAdapter):
    """allauth's adapter; the words of its mails stay in the templates, subjects and all."""

    def format_email_subject(self, subject: str) -> str:
        """The subject as the template says it, without allauth's `[site]` in front."""
        return subject

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        super().send_mail(template_prefix, email, {"current_site": Site()} | context)

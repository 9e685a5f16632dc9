"""What Patchbay changes in allauth: our name instead of a row in django.contrib.sites, our idea of an address."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from webhooks.api.addresses import client_address


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

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that our own limits go by: allauth's answers 500 to a request past one of the proxies."""
        return str(client_address(request))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        super().send_mail(template_prefix, email, {"current_site": Site()} | context)

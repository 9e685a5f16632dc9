"""E-mail address and password, checked by allauth under its own limits, as on the sign-in page."""

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.utils import has_verified_email
from allauth.core.internal.ratelimit import parse_rates
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts.models import User
from accounts.problems import email_unverified, invalid_credentials, too_many_attempts


def check(request: HttpRequest, email: str, password: str) -> User:
    """The person, if they may come in; raises 401 or 429 as a problem."""
    try:
        user = _authenticate(request, email, password)
    except ValidationError:
        raise too_many_attempts(_longest_window()) from None
    if user is None:
        raise invalid_credentials()
    if not has_verified_email(user):
        raise email_unverified()
    return user


def _authenticate(request: HttpRequest, email: str, password: str) -> User | None:
    """allauth's answer, except that a closed account counts as a failure: no limit would give it away."""
    adapter = get_adapter(request)
    user = adapter.authenticate(request, email=email, password=password)
    if user is not None and not user.is_active:
        adapter.pre_authenticate(request, email=email, password=password)
        return None
    return user


def _longest_window() -> float:
    """Seconds after which no limit can stand in the way, whichever it was that did."""
    return max(rate.duration for rate in parse_rates(app_settings.RATE_LIMITS["login_failed"]))

"""What this app does when allauth acts: a sign-up is told to everybody."""

from typing import Any

from allauth.account.signals import user_signed_up
from django.db import transaction
from django.dispatch import receiver

from accounts import events
from accounts.models import User


@receiver(user_signed_up)
@transaction.atomic
def announce(user: User, **_kwargs: Any) -> None:
    """allauth has saved the person already, outside any transaction of ours."""
    events.user_signed_up(user)

"""What this app does when others act: a guest's cart goes with them when they sign in."""

from typing import Any
from uuid import UUID

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from payments.services import carts


@receiver(user_logged_in)
def keep_cart(request: HttpRequest | None, user: Any, **_kwargs: Any) -> None:
    """Runs after Django has renewed the session, which keeps what a guest had put into it."""
    session = getattr(request, "session", None)
    if session is not None and (key := session.pop(carts.SESSION_KEY, None)):
        carts.merge(UUID(key), user)

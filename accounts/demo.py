"""The people of the sandbox, whose passwords everybody knows."""

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from accounts.models import User


def people() -> tuple[User, User]:
    """The demo person and the demo staff, made if they are not there yet; refuses outside the sandbox."""
    if not settings.PATCHBAY_SANDBOX:
        raise ImproperlyConfigured("Demo people have public passwords: they exist in the sandbox alone")
    demo = _person("demo@example.com", "patchbay-demo", "Dana Demo")
    admin = _person("admin@example.com", "patchbay-admin", "Ada Admin", is_staff=True, is_superuser=True)
    return demo, admin


@transaction.atomic
def _person(email: str, password: str, name: str, *, is_staff: bool = False, is_superuser: bool = False) -> User:
    user = User.objects.filter(email=email).first() or User.objects.create_user(
        email, password, name=name, is_staff=is_staff, is_superuser=is_superuser
    )
    EmailAddress.objects.update_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user

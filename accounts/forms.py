"""What Patchbay changes in allauth's forms."""

from typing import Any

from allauth.account.forms import LoginForm


class SignInForm(LoginForm):
    """Signing in is what the page is for: the first field has the focus."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autofocus"] = True

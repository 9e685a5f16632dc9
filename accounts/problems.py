"""What goes wrong at the door, in the words of the answer."""

from webhooks.problems import Problem

CHALLENGE = 'Bearer realm="patchbay"'


class Unauthorized(Problem):
    """401, with the challenge that RFC 9110 wants beside it."""

    auth_header = CHALLENGE

    def __init__(self, code: str, title: str, detail: str = "") -> None:
        super().__init__(401, code, title, detail)


def invalid_credentials() -> Problem:
    """One answer for a wrong password, an unknown address and a closed account: who asks learns nothing."""
    return Unauthorized("invalid_credentials", "The e-mail address or the password is not right")


def email_unverified() -> Problem:
    return Unauthorized(
        "email_unverified",
        "This e-mail address is not confirmed yet",
        "Follow the link in the mail we sent you; signing in on the page sends it again.",
    )


def too_many_attempts(seconds: float) -> Problem:
    return Problem(
        429,
        "too_many_attempts",
        "Too many failed attempts to sign in",
        "Wait a few minutes, or set a new password.",
        retry_after=seconds,
    )


def invalid_refresh_token(detail: str) -> Problem:
    return Unauthorized("invalid_refresh_token", "Sign in again", detail)

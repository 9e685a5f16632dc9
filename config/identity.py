"""Joins the realtime app, which knows no accounts, to accounts, which know no sockets."""

from accounts.tokens import Identity, Invalid, verify


def from_token(token: str) -> Identity | None:
    """Whoever the access token speaks for; None when it speaks for nobody."""
    try:
        return verify(token)
    except Invalid:
        return None

"""Who is asking our API: a program by its access token, a browser by its session cookie."""

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import tokens
from accounts.models import User
from accounts.problems import CHALLENGE


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`; `request.auth` is the token's claims."""

    def authenticate(self, request: Request) -> tuple[User, tokens.Claims] | None:
        """The bearer and the claims, or None where no token is offered; raises 401 for a bad one."""
        token = bearer(request)
        if token is None:
            return None
        try:
            session, claims = tokens.admit(token)
        except tokens.Invalid as refused:
            raise AuthenticationFailed(str(refused), code="invalid_token") from None
        return session.user, claims

    def authenticate_header(self, _request: Request) -> str:
        return CHALLENGE


class CookieAuthentication(SessionAuthentication):
    """Django's session cookie, with its CSRF token on everything that writes."""


def bearer(request: Request) -> str | None:
    """The token after `Bearer`, or None; the scheme's name is compared as RFC 9110 says, in any case."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None

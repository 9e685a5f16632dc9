"""Signing in, staying in and signing out, by token."""

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import keys, services, tokens
from accounts.authentication import bearer
from accounts.problems import Unauthorized, invalid_refresh_token
from accounts.serializers import Credentials, KeySet, RefreshToken, SomeToken, TokenPair
from webhooks.api.base import ApiView
from webhooks.api.schema import problems

# Resource servers may keep the set this long; a key is published one retirement before it signs.
KEYS_MAX_AGE = 900


class OpenDoor(ApiView):
    """An endpoint that nobody has to be signed in for, where a stale token in the header does no harm."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class SignIn(OpenDoor):
    """Sign in with an e-mail address and a password."""

    @extend_schema(
        operation_id="sign_in",
        request=Credentials,
        responses={200: TokenPair} | problems(400, 401, 429),
        auth=[],
        tags=["auth"],
    )
    def post(self, request: Request) -> Response:
        form = Credentials(data=request.data)
        form.is_valid(raise_exception=True)
        return _answer(services.sign_in(request._request, **form.validated_data))


class StayIn(OpenDoor):
    """Exchange a refresh token for the next pair; it is good once, and for ten seconds of retries."""

    @extend_schema(
        operation_id="refresh",
        request=RefreshToken,
        responses={200: TokenPair} | problems(400, 401),
        auth=[],
        tags=["auth"],
    )
    def post(self, request: Request) -> Response:
        form = RefreshToken(data=request.data)
        form.is_valid(raise_exception=True)
        return _answer(services.renew(form.validated_data["refresh_token"]))


class SignOut(OpenDoor):
    """End the session of the refresh token in the body, or else of the access token in the header."""

    @extend_schema(
        operation_id="sign_out",
        request=SomeToken,
        responses={204: None} | problems(400, 401),
        auth=[{"bearer": []}, {}],  # type: ignore[list-item]  # annotated more narrowly than it is read
        tags=["auth"],
    )
    def post(self, request: Request) -> Response:
        form = SomeToken(data=request.data)
        form.is_valid(raise_exception=True)
        if refresh_token := form.validated_data.get("refresh_token"):
            _end_by_refresh_token(refresh_token)
        else:
            _end_by_access_token(bearer(request))
        return Response(status=204)


class PublicKeys(OpenDoor):
    """The public keys that access tokens are signed with, now and next."""

    @extend_schema(operation_id="public_keys", responses={200: KeySet}, auth=[], tags=["auth"])
    def get(self, _request: Request) -> Response:
        return Response(keys.key_set(), headers={"Cache-Control": f"public, max-age={KEYS_MAX_AGE}"})


def _answer(pair: services.Pair) -> Response:
    # RFC 6749, section 5.1: tokens are not for caches.
    return Response(asdict(pair), headers={"Cache-Control": "no-store"})


def _end_by_refresh_token(refresh_token: str) -> None:
    try:
        services.revoke_by_token(refresh_token)
    except tokens.Invalid as refused:
        raise invalid_refresh_token(str(refused)) from None


def _end_by_access_token(access_token: str | None) -> None:
    if access_token is None:
        raise Unauthorized("not_authenticated", "Send the token of the session to end")
    try:
        session, _ = tokens.admit(access_token)
    except tokens.Invalid as refused:
        raise Unauthorized("invalid_token", "Sign in first", str(refused)) from None
    services.revoke(session, "signed_out")

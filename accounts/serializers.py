"""What programs send to sign in, and what they get."""

from typing import Any

from rest_framework import serializers

from accounts.models import Session, User


class Credentials(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)


class RefreshToken(serializers.Serializer[Any]):
    refresh_token = serializers.CharField(max_length=200)


class SomeToken(serializers.Serializer[Any]):
    refresh_token = serializers.CharField(max_length=200, required=False)


class TokenPair(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.CharField(default="Bearer")
    expires_in = serializers.IntegerField(help_text="Seconds the access token is good for.")


class PublicKey(serializers.Serializer[Any]):
    """An elliptic-curve key as in RFC 7518, section 6.2."""

    kid = serializers.CharField()
    kty = serializers.CharField()
    crv = serializers.CharField()
    x = serializers.CharField()
    y = serializers.CharField()
    use = serializers.CharField()
    alg = serializers.CharField()


class KeySet(serializers.Serializer[Any]):
    keys = PublicKey(many=True)


class Person(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("id", "email", "name", "is_staff")


class SignedIn(serializers.ModelSerializer[Session]):
    current = serializers.SerializerMethodField(help_text="Whether it is this very request's session.")

    class Meta:
        model = Session
        fields = ("id", "created_at", "last_used_at", "expires_at", "user_agent", "ip", "amr", "current")

    def get_current(self, session: Session) -> bool:
        claims = self.context["request"].auth
        return claims is not None and claims["sid"] == str(session.pk)

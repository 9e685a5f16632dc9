"""What a person may know and do about themselves."""

from typing import cast

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import DestroyAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.models import Session, User
from accounts.serializers import Person, SignedIn
from webhooks.api.base import ApiView, Pages
from webhooks.api.schema import problems


class NewestFirst(Pages):
    """Sessions have no ascending ids to sort by."""

    ordering = "-created_at"


class Me(ApiView):
    """Who this request comes from."""

    @extend_schema(responses={200: Person} | problems(401), tags=["me"])
    def get(self, request: Request) -> Response:
        return Response(Person(_person(request)).data)


@extend_schema(responses={200: SignedIn(many=True)} | problems(401, 404), tags=["me"])
class Sessions(ApiView, ListAPIView[Session]):
    """The programs signed in for this person."""

    serializer_class = SignedIn
    pagination_class = NewestFirst

    def get_queryset(self) -> QuerySet[Session]:
        return _live(self.request)


@extend_schema(responses={204: None} | problems(401, 404), tags=["me"])
class OneSession(ApiView, DestroyAPIView[Session]):
    """Sign this program out: its next request is refused."""

    def get_queryset(self) -> QuerySet[Session]:
        return _live(self.request)

    def perform_destroy(self, session: Session) -> None:
        services.revoke(session, "by_person")


def _person(request: Request) -> User:
    return cast(User, request.user)


def _live(request: Request) -> QuerySet[Session]:
    return _person(request).token_sessions.filter(revoked_at=None, expires_at__gt=timezone.now())

"""What arrived, for staff's programs: found, taken out, and processed again; `/api/v1/deliveries`."""

from typing import Any, cast

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response

from webhooks.api.base import ApiView
from webhooks.api.parameters import require_known
from webhooks.api.schema import problems
from webhooks.care import telling
from webhooks.care.audit import Kind, Person, Via
from webhooks.care.choice import MOST, Choice, plan
from webhooks.care.export import TYPES
from webhooks.care.language import Query, Unreadable, parse, written
from webhooks.care.orders import NeedsYes, replay, set_aside
from webhooks.care.search import PAGE, find
from webhooks.console.exports import file_of
from webhooks.models import Delivery, Intervention
from webhooks.problems import Problem

FIELDS = {"source": "source", "kind": "type", "state": "state", "object_key": "object", "request_id": "request"}
TIMES = ("since", "until")
ORDERS = {"replay": (Kind.REPLAY, replay), "set-aside": (Kind.SET_ASIDE, set_aside)}
SEARCH = [
    OpenApiParameter("q", description='The console\'s search: `source:acme state:dead since:-2h text:"declined"`'),
    *(OpenApiParameter(name) for name in (*FIELDS, "external_id")),
    *(OpenApiParameter(name, description="A time such as 2026-11-23T12:00Z, or -2h") for name in TIMES),
]


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    class Meta:
        model = Delivery
        fields = telling.NARROW


class Page(serializers.Serializer[Any]):
    """`searched_back_to` is set when the search ended before the table did; `next` goes on from there."""

    results = DeliverySerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    searched_back_to = serializers.DateTimeField(allow_null=True)


class Order(serializers.Serializer[Any]):
    """The deliveries by number (`ids`) or by a search (`q`), and what to do with them."""

    order = serializers.ChoiceField(choices=sorted(ORDERS), default="replay")
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=(1 << 63) - 1), required=False, max_length=MOST
    )
    q = serializers.CharField(required=False)
    reason = serializers.CharField(required=False, max_length=Intervention.REASON, help_text="Needed unless dry_run")
    dry_run = serializers.BooleanField(default=False)
    confirm = serializers.BooleanField(default=False, help_text="Yes to more than 1,000")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """Nothing besides: a dry run that is mistyped must not be carried out."""
        if unknown := sorted(set(self.initial_data) - set(self.fields)):
            raise serializers.ValidationError(dict.fromkeys(unknown, "There is no such field."), code="unknown")
        return given


class Group(serializers.Serializer[Any]):
    source = serializers.CharField()  # type: ignore[assignment]  # the name is the column's
    kind = serializers.CharField()
    state = serializers.CharField()
    count = serializers.IntegerField()


class Left(serializers.Serializer[Any]):
    reason = serializers.CharField()
    count = serializers.IntegerField()


class Outcome(serializers.Serializer[Any]):
    """`count` is what the order is about, `done` what it changed; `more` that there may be more than one allows."""

    dry_run = serializers.BooleanField()
    count = serializers.IntegerField()
    groups = Group(many=True)
    left_alone = Left(many=True)
    more = serializers.BooleanField()
    intervention = serializers.IntegerField(required=False)
    done = serializers.IntegerField(required=False)


class Deliveries(ApiView):
    """What vendors said, newest first (staff)."""

    permission_classes = [IsAdminUser]

    @extend_schema(
        operation_id="deliveries_list",
        parameters=[*SEARCH, OpenApiParameter("limit", int), OpenApiParameter("cursor")],
        responses={200: Page, **problems(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """One page; without an index that answers it, the search ends in time and says how far it got."""
        query = _query(request, "limit", "cursor")
        found = _search(query, _number(request, "cursor"), min(_number(request, "limit") or PAGE, 100))
        return Response(
            {
                "results": DeliverySerializer(found.rows, many=True).data,
                "next": _following(request, found.before) if found.before else None,
                "previous": None,
                "searched_back_to": found.back_to,
            }
        )


class Export(ApiView):
    """The result of a search as a file (staff)."""

    permission_classes = [IsAdminUser]

    @extend_schema(
        operation_id="deliveries_export",
        parameters=[*SEARCH, OpenApiParameter("as", enum=list(TYPES))],
        responses={
            (200, kind.partition(";")[0]): OpenApiResponse(OpenApiTypes.STR, "The newest first, bodies masked")
            for kind in TYPES.values()
        }
        | problems(400, 401, 403),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Up to 100,000 deliveries as NDJSON or CSV, written while it is sent. Who took it is kept."""
        form = request.query_params.get("as", "ndjson")
        if form not in TYPES:
            raise _invalid("as", f"There is no form {form[:20]}: there are {', '.join(TYPES)}.")
        return file_of(_query(request, "as"), form, _person(request), head=request.method == "HEAD")


class Replay(ApiView):
    """Deliveries processed again, or set aside (staff)."""

    permission_classes = [IsAdminUser]

    @extend_schema(
        operation_id="deliveries_replay",
        request=Order,
        responses={200: Outcome, 202: Outcome, **problems(400, 401, 403, 409)},
    )
    def post(self, request: Request) -> Response:
        """With `dry_run` what it would come to; else it is done, with the reason, and kept with who asked for it."""
        require_known(request)
        order = Order(data=request.data)
        order.is_valid(raise_exception=True)
        given = order.validated_data
        kind, carry_out = ORDERS[given["order"]]
        choice = _choice(given)
        if not given["dry_run"] and not given.get("reason", "").strip():
            raise _invalid("reason", "Say why: the next person will want to know.")
        try:
            planned = plan(kind, choice, timezone.now())
            if given["dry_run"]:
                return Response({"dry_run": True, **planned.told()})
            row = carry_out(choice, _person(request), given["reason"], yes=given["confirm"])
        except Unreadable as error:
            raise _invalid("q", str(error)) from error
        except NeedsYes as error:
            title = "This is about so many that you must say yes to it"
            raise Problem(409, "confirmation_needed", title, f"{error} Send confirm.", count=error.count) from error
        return Response({"dry_run": False, **planned.told(), "intervention": row.pk, "done": row.count}, 202)


def _choice(given: dict[str, Any]) -> Choice:
    if given.get("ids"):
        return Choice(picked=tuple(given["ids"]))
    query = _parsed(given.get("q", ""), "q")
    if not query:
        raise _invalid("q", "Say which: ids, or a search such as state:dead.")
    return Choice(query)


def _query(request: Request, *beside: str) -> Query:
    """The search, with the single fields as further filters; each is blamed for itself.

    Those `beside` it are the endpoint's own, and any other is refused.
    """
    require_known(request, *(parameter.name for parameter in SEARCH), *beside)
    params = {name: str(value).replace("\x00", "") for name, value in request.query_params.items()}
    parts = [params.get("q", "")]
    for field, name in (FIELDS | {"external_id": "id"} | dict(zip(TIMES, TIMES, strict=True))).items():
        if params.get(field):
            _parsed(written(name, params[field]), field)
            parts.append(written(name, params[field]))
    return _parsed(" ".join(filter(None, parts)), "q")


def _parsed(search: str, field: str) -> Query:
    try:
        return parse(search, timezone.now())
    except Unreadable as error:
        raise _invalid(field, str(error)) from error


def _search(query: Query, before: int | None, limit: int) -> Any:
    try:
        return find(query, before, max(limit, 1))
    except Unreadable as error:
        raise _invalid("q", str(error)) from error


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise _invalid(name, "A number is needed.")
    return int(text)


def _following(request: Request, before: int) -> str:
    params = request.query_params.copy()
    params["cursor"] = str(before)
    return request.build_absolute_uri(f"{request.path}?{params.urlencode()}")


def _person(request: Request) -> Person:
    user = cast(Any, request.user)
    return Person(user.email, Via.API, user.pk)


def _invalid(field: str, message: str) -> Problem:
    blamed = {"field": field, "code": "invalid", "message": message}
    return Problem(400, "invalid", "Some fields are not right", message, errors=[blamed])

"""The view every endpoint descends from, and the pages every list comes in."""

from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.views import APIView

from webhooks.api.idempotency import once
from webhooks.api.limits import charge


class Pages(CursorPagination):
    """`{results, next, previous}`, newest first; `?limit=` up to 100."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 100
    ordering = "-id"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """A cursor is base64 of a position, and anybody can encode another: what no column takes is no page."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, OverflowError, ValidationError):
            if self.cursor_query_param not in request.query_params:
                raise
            raise NotFound(self.invalid_cursor_message) from None


class Json(JSONParser):
    """JSON; a body nested deeper than the parser goes is as unreadable as any other."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse(*args, **kwargs)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None


class ApiView(APIView):
    """A DRF view that charges whoever asks, and whose POST honours `Idempotency-Key`.

    What would be done again when a process dies between the effect and its answer being kept does it `together`.
    """

    parser_classes = (Json,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Charge the person or the address; after authentication put the idempotency guard around a POST."""
        # Who claims to be somebody in vain goes no further, and pays as their address on the way out.
        charge(request._request, request.user.pk)
        super().initial(request, *args, **kwargs)
        key = request.headers.get("Idempotency-Key", "")
        if request.method == "POST" and key and request.user.is_authenticated:
            # On the instance, which lives for one request: DRF looks the handler up after this.
            setattr(self, "post", partial(once, key, getattr(self, "post")))  # noqa: B009, B010

"""Deliveries as a file, from the console."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from webhooks.care.audit import Person
from webhooks.care.export import TYPES, export
from webhooks.care.language import Query, Unreadable, parse
from webhooks.console.access import operators_only
from webhooks.console.asking import address_of, person_of, search_of


@require_safe
@operators_only
def download(request: HttpRequest) -> HttpResponse:
    """What fits the search as NDJSON or CSV, bodies masked; who took it is written down."""
    search, form = search_of(request.GET), request.GET.get("as", "ndjson")
    try:
        if form not in TYPES:
            raise Unreadable(f"There is no form {form[:20]}: there are {', '.join(TYPES)}.")
        query = parse(search, timezone.now())
        return file_of(query, form, person_of(request), head=request.method == "HEAD")  # type: ignore[return-value]
    except Unreadable as error:
        messages.error(request, str(error))
        return redirect(address_of(search))


def file_of(query: Query, form: str, person: Person, *, head: bool) -> HttpResponseBase:
    """The file as an answer that is written while it is sent; its `head` alone is nothing that anybody took."""
    answer = StreamingHttpResponse(() if head else export(query, form, person), content_type=TYPES[form])
    answer["Content-Disposition"] = f'attachment; filename="deliveries.{form}"'
    answer["Cache-Control"] = "no-store"
    return answer

"""The event catalogue as a page: what there is to be told of, its fields, and an example of each."""

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webhooks.outbox.catalogue import catalogue
from webhooks.portal.shown import fields


@require_safe
def event_types(request: HttpRequest) -> HttpResponse:
    """Every event type. It is no secret: whoever thinks of signing up may read it."""
    shown = [
        {
            "type": one,
            "fields": list(fields(one.schema())),
            "example": json.dumps(one.message(), indent=2, ensure_ascii=False),
        }
        for one in catalogue().values()
    ]
    return render(request, "webhooks/portal/event_types.html", {"shown": shown})

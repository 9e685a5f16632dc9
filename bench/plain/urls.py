"""The endpoint: the same verification, the same row, one statement and one commit a request."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from integrations import registry
from integrations.contract import Inbound
from integrations.errors import NotConfigured, Refused
from webhooks.models import Delivery


@csrf_exempt
@require_POST
def receive(request: HttpRequest, slug: str) -> HttpResponse:
    """200 once every delivery is stored; 404 for an unknown source, 400 for a request that is not genuine."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        deliveries = registry.source(slug).receive(Inbound(body=request.body, headers=headers, now=timezone.now()))
    except NotConfigured:
        return HttpResponse(status=404)
    except Refused:
        return HttpResponse(status=400)
    rows = [
        Delivery(
            source=slug,
            external_id=delivery.external_id,
            kind=delivery.kind,
            object_key=delivery.object_key,
            headers=headers,
            body=delivery.body,
        )
        for delivery in deliveries
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    return JsonResponse({"received": True})


urlpatterns = [path("webhooks/<slug:slug>", receive)]

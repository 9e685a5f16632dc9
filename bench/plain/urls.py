"""The endpoint: the same verification, the same row, one commit a request."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from integrations import contract, registry
from integrations.contract import Inbound
from integrations.errors import NotConfigured, Refused
from webhooks.models import Contents, Delivery


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
    for delivery in deliveries:
        _store(slug, delivery, headers)
    return JsonResponse({"received": True})


@transaction.atomic
def _store(slug: str, given: contract.Delivery, headers: dict[str, str]) -> None:
    row, new = Delivery.objects.get_or_create(
        source=slug,
        external_id=given.external_id,
        defaults={
            "kind": given.kind,
            "object_key": given.object_key,
            "expires_on": timezone.now().date() + timedelta(days=settings.PATCHBAY_KEEP_DAYS),
        },
    )
    if new:
        Contents.objects.create(delivery=row, expires_on=row.expires_on, headers=headers, body=given.body)


urlpatterns = [path("webhooks/<slug:slug>", receive)]

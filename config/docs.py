"""The API's own documentation: the interactive page, and a page that every problem's `type` leads to."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from webhooks.api.base import ApiView

# What each `code` means and what to do about it; a test holds this table to the codes in use.
PROBLEMS = {
    "account_inactive": "This account has been switched off. Ask us why.",
    "already_signed_out": "The session has ended. Sign in again.",
    "bad_idempotency_key": "Send 1 to 255 visible ASCII characters, such as a UUID.",
    "bad_payload": "The webhook's body is not what its sender's documentation promises. The detail names the field.",
    "bad_request": "The request cannot be understood as HTTP or as a form.",
    "bad_signature": "The webhook was not signed with a secret of this source.",
    "body_timeout": "The body did not arrive within ten seconds. Send it again.",
    "cart_already_checked_out": "This cart became the order named in `order`. Pay for that one.",
    "cart_empty": "Put something into the cart before checking out.",
    "cart_full": "An order can hold so many different products and no more.",
    "cart_item_unknown": "The item is no longer in your cart.",
    "confirmation_needed": "The order is about more than 1,000 deliveries, `count` of them. Send `confirm` to say yes.",
    "email_unverified": "Follow the link in the mail we sent to this address, then sign in.",
    "idempotency_key_reused": "The key belongs to another request. Use a new key for a new request.",
    "incomplete": "The connection ended before the body did. Send it again.",
    "internal_error": "Something broke on our side. The request id tells us where to look.",
    "invalid": "Some fields are not right: `errors` names each with its reason.",
    "invalid_credentials": "The e-mail address or the password is not right, or the account is closed.",
    "invalid_metrics_token": "Send METRICS_TOKEN as `Authorization: Bearer`. Operators know it.",
    "invalid_refresh_token": "The session has ended, or the token was used before. Sign in again.",
    "invalid_token": "The access token has expired, or its session has ended. Refresh it, else sign in again.",
    "method_not_allowed": "This address takes other methods: the Allow header names them.",
    "mixed_currencies": "Check out products of one currency at a time.",
    "no_secret": "This source is known by its addresses: there is nothing to rotate.",
    "not_authenticated": "Send an access token as `Authorization: Bearer`, or sign in on the page.",
    "not_found": "There is nothing at this address, or it is not yours to see.",
    "not_stored": "The webhook could not be stored. Send it again after Retry-After seconds.",
    "order_not_payable": "The order is settled: there is nothing to pay.",
    "permission_denied": "You are signed in, and may still not do this.",
    "price_changed": "`changes` lists the old and new prices, `total` what it all costs now: send it to agree.",
    "product_unknown": "Nothing is sold under this name.",
    "provider_unavailable": "This way of paying is not configured here.",
    "quantity_out_of_range": "Choose a quantity within the bounds that the detail names.",
    "rate_limited": "You ask faster than the API answers. Try again after Retry-After seconds, and ask less often.",
    "refused": "The webhook was refused; the detail says why.",
    "repeated_parameter": "The address asks twice for what is asked for once; it is named.",
    "request_in_progress": "The first request with this Idempotency-Key still runs. Ask again in a second.",
    "slug_taken": "There is a source of this slug already. Choose another, or change that one.",
    "source_in_use": "Pause the source, wait until nothing of it is left to process, then delete it.",
    "source_paused": "The webhook's source is paused by its operators. Send it again after Retry-After seconds.",
    "stale_timestamp": "The webhook's signed time is too long ago, or ahead of ours. Check the sender's clock.",
    "subscription_required": "This product is a subscription and cannot be bought once.",
    "too_large": "The body is larger than is taken here.",
    "too_many_attempts": "Too many wrong passwords. Try again after Retry-After seconds.",
    "too_many_secrets": "Rotate with an overlap of 0 hours to end the earlier secrets.",
    "unknown_parameter": "The address asks for something that is not offered here; it is named.",
    "unknown_source": "No webhook source of this name is configured.",
    "vendor_busy": "The payment service takes no more for now. Nothing was charged. Pay for `order` after Retry-After.",
    "vendor_locked": "The payment service does not let us in. Nothing was charged. Pay another way.",
    "vendor_refused": "The payment service refused. Nothing was charged, and we have been told.",
    "vendor_resting": "The payment service fails and is left alone until Retry-After. Pay another way, or then: for "
    "`order` where one is named, else from the cart, which is kept.",
    "vendor_unavailable": "The payment service does not answer as it should. Nothing was charged. Pay for `order` "
    "after Retry-After: it is the same payment.",
}


class Schema(ApiView, SpectacularAPIView):
    """The OpenAPI document: dear to make, so it counts as a request to the API."""


class ApiDocs(SpectacularSwaggerSplitView):
    """Swagger UI from our own static files: nothing inline, nothing external."""

    template_name = "docs/api.html"
    url_name = "schema"


def problems(request: HttpRequest) -> HttpResponse:
    """Every problem code in words."""
    # Between backticks stands code: every second part.
    told = [(code, words.split("`")) for code, words in sorted(PROBLEMS.items())]
    return render(request, "docs/problems.html", {"problems": told})

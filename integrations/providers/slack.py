"""Slack tells us what happens in a workspace. https://docs.slack.dev/apis/events-api/"""

from integrations.contract import Credential, Delivery, Inbound, Provider, Reply
from integrations.errors import BadPayload
from integrations.payload import Payload
from integrations.signatures import require_fresh, require_hmac

SECRET = Credential(name="WEBHOOK_SECRET", sandbox="8f1c2b3a4d5e6f708192a3b4c5d6e7f8")  # "Signing Secret" at Slack
provider = Provider(slug="slack", name="Slack", credentials=(SECRET,))
# Kept, and searched by people; nothing of ours acts on them yet.
provider.ignore("app_mention", "app_rate_limited", "message", "reaction_added", "app_uninstalled", "tokens_revoked")


@provider.webhook
def receive(inbound: Inbound) -> list[Delivery]:
    """https://docs.slack.dev/authentication/verifying-requests-from-slack: `v0=<hex>` over `v0:<time>:<body>`."""
    time = inbound.header("X-Slack-Request-Timestamp")
    message = f"v0:{time}:".encode("utf-8", "surrogateescape") + inbound.body
    signature = inbound.header("X-Slack-Signature")
    require_hmac(message, [signature.removeprefix("v0=")], provider.secrets("WEBHOOK_SECRET"))
    require_fresh(time, inbound.now)
    return [_delivery(Payload.parse(inbound.body), inbound.body)]


def _delivery(envelope: Payload, body: bytes) -> Delivery:
    match envelope.text("type"):
        case "url_verification":  # https://docs.slack.dev/reference/events/url_verification
            raise Reply(envelope.text("challenge").encode("utf-8", "replace"))
        case "event_callback":
            event = envelope.child("event")
            return Delivery(
                external_id=envelope.text("event_id"), kind=event.text("type"), body=body, object_key=_about(envelope)
            )
        case "app_rate_limited":  # https://docs.slack.dev/reference/events/app_rate_limited has no id of its own
            team, minute = envelope.text("team_id"), envelope.integer("minute_rate_limited")
            identifier = f"app_rate_limited:{team}:{minute}"
            return Delivery(external_id=identifier, kind="app_rate_limited", body=body, object_key=team)
        case other:
            raise BadPayload(f"type is {other!r}: point Slack's Event Subscriptions here, and nothing else")


def _about(envelope: Payload) -> str:
    """The channel, where the event is in one; else the workspace."""
    for path in ("event.channel", "event.item.channel", "team_id"):
        if isinstance(found := envelope.value(path), str):
            return found
    return ""

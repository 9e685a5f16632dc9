"""The durable side of the border: what vendors said, what we decided, and what of it is still to be done."""

from webhooks.models.contents import Contents
from webhooks.models.deliveries import Delivery
from webhooks.models.endpoints import Attempt, Endpoint, EndpointSecret, Message
from webhooks.models.events import Dispatch, OutboxEvent
from webhooks.models.failures import FailedTry
from webhooks.models.healing import Gap, Search, Watermark
from webhooks.models.interventions import Intervention, Touched
from webhooks.models.requests import IdempotentRequest
from webhooks.models.resends import Resend
from webhooks.models.rules import SourceRule
from webhooks.models.signs import ArrivalHour, Heartbeat
from webhooks.models.sources import ForgeryHour, Source, SourceSecret

__all__ = [
    "ArrivalHour",
    "Attempt",
    "Contents",
    "Delivery",
    "Dispatch",
    "Endpoint",
    "EndpointSecret",
    "FailedTry",
    "ForgeryHour",
    "Gap",
    "Heartbeat",
    "IdempotentRequest",
    "Intervention",
    "Message",
    "OutboxEvent",
    "Resend",
    "Search",
    "Source",
    "SourceRule",
    "SourceSecret",
    "Touched",
    "Watermark",
]

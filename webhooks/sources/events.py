"""What an event at the door has to be so that it can be kept."""

from integrations.contract import Delivery
from integrations.errors import Refused

LONGEST = 255


def storable(delivery: Delivery) -> Delivery:
    """`Refused` for ids that no column holds: too long, or with a NUL, which PostgreSQL does not store; or none."""
    if not delivery.external_id or not delivery.kind:
        raise Refused("the body does not say which event it is")
    for value in (delivery.external_id, delivery.kind, delivery.object_key):
        if len(value) > LONGEST or "\x00" in value or not value.isprintable():
            raise Refused("an id in the body is not one we can keep")
    return delivery

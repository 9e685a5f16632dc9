"""The post office: one mail kept for each recipient, and a report about each on its way to us."""

import json
import secrets
from typing import Any

from integrations.sandbox.delivery import Message
from integrations.sandbox.world import World

Json = dict[str, Any]
BOUNCES = "bounce@"
STATUSES = {"delivered": "delivered", "bounce": "not_delivered", "processed": "processed"}


class PostOffice:
    """The mails of one account, by the ids SendGrid gives them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.mails = world.store.table("sendgrid", "mails")

    def take(self, request: Json) -> str:
        """Keep a mail for each of its recipients and report on each; returns what the answer's X-Message-Id says."""
        message_id = secrets.token_urlsafe(16)
        taken = [
            self._keep(f"{message_id}.{place}.{index}", request, personalization, recipient)
            for place, personalization in enumerate(request["personalizations"])
            for index, recipient in enumerate(_recipients(personalization))
        ]
        self._world.store.changed()
        self._report([event for mail in taken for event in self._events(mail)])
        return message_id

    def _keep(self, identifier: str, request: Json, personalization: Json, recipient: str) -> Json:
        parts = {part["type"]: part["value"] for part in request.get("content", [])}
        mail = {
            "id": identifier,
            "to": recipient,
            "from": request["from"]["email"],
            "subject": personalization.get("subject") or request.get("subject", ""),
            "text": parts.get("text/plain", ""),
            "html": parts.get("text/html", ""),
            "arguments": request.get("custom_args", {}) | personalization.get("custom_args", {}),
            "categories": request.get("categories", []),
            "event": "bounce" if recipient.startswith(BOUNCES) else "delivered",
            "at": self._world.clock.now().isoformat(),
        }
        self.mails[identifier] = mail
        return mail

    def _events(self, mail: Json) -> list[Json]:
        """https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event"""
        ends = {
            "delivered": {"response": "250 2.0.0 OK the sandbox keeps it"},
            "bounce": {"reason": "550 5.1.1 The mailbox does not exist", "status": "5.1.1", "type": "bounce"},
        }
        return [self._event(mail, "processed", {}), self._event(mail, mail["event"], ends[mail["event"]])]

    def _event(self, mail: Json, kind: str, extra: Json) -> Json:
        return {
            # Ours come first: SendGrid's own fields win over a custom argument of the same name.
            **mail["arguments"],
            "email": mail["to"],
            "timestamp": self._world.clock.stamp(),
            "smtp-id": f"<{mail['id']}@sandbox.example>",
            "event": kind,
            "category": mail["categories"],
            "sg_event_id": secrets.token_urlsafe(16),
            "sg_message_id": mail["id"],
            **extra,
        }

    def _report(self, events: list[Json]) -> None:
        # SendGrid breaks lines between events and after the last, and signs those bytes too.
        body = "[" + ",\r\n".join(json.dumps(event, ensure_ascii=False) for event in events) + "]\r\n"
        message = Message(id=secrets.token_hex(16), kind=events[-1]["event"], body=body.encode())
        self._world.courier.send("sendgrid", [message])


def _recipients(personalization: Json) -> list[str]:
    return [person["email"] for kind in ("to", "cc", "bcc") for person in personalization.get(kind) or []]


def activity(mail: Json) -> Json:
    """A mail as the activity feed shows it."""
    return {
        "msg_id": mail["id"],
        "from_email": mail["from"],
        "to_email": mail["to"],
        "subject": mail["subject"],
        "status": STATUSES[mail["event"]],
        "opens_count": 0,
        "clicks_count": 0,
        "last_event_time": mail["at"],
    }

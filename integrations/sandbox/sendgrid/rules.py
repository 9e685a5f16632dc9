"""What SendGrid asks of a mail before it takes it. https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send"""

import re
from typing import Any

from integrations.sandbox.sendgrid.errors import SendGridError

Json = dict[str, Any]
ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+")
MOST = 1000
TYPES = {
    "bcc": list,
    "categories": list,
    "cc": list,
    "content": list,
    "from": dict,
    "mail_settings": dict,
    "subject": str,
    "template_id": str,
    "to": list,
}


def require_sendable(mail: Any) -> None:
    """`SendGridError` (400) for the first thing that is wrong with the body of a mail."""
    if not isinstance(mail, dict):
        raise SendGridError(400, "Bad Request", "")
    _require_types(mail, "")
    _require_personalizations(mail.get("personalizations"))
    _require_address(mail.get("from"), "from")
    _require_subject(mail)
    if "content" in mail or not mail.get("template_id"):
        _require_content(mail.get("content"))
    _require_texts(mail.get("custom_args", {}), "custom_args")


def _require_types(thing: Json, where: str) -> None:
    for name, kind in TYPES.items():
        if name in thing and not isinstance(thing[name], kind):
            words = f"Invalid type. Expected: {kind.__name__}, given: {type(thing[name]).__name__}."
            raise SendGridError(400, words, f"{where}{name}")


def _require_personalizations(personalizations: Any) -> None:
    field = "personalizations"
    if not isinstance(personalizations, list) or not personalizations:
        raise SendGridError(
            400, "The personalizations field is required and must have at least one personalization.", field
        )
    if len(personalizations) > MOST:
        raise SendGridError(400, f"You can have at most {MOST} personalizations.", field)
    for index, personalization in enumerate(personalizations):
        _require_recipients(personalization, f"personalizations.{index}")


def _require_recipients(personalization: Any, where: str) -> None:
    if not isinstance(personalization, dict) or not personalization.get("to"):
        raise SendGridError(
            400,
            "The to array is required for all personalization objects, and must have at least one email object "
            "with a valid email address.",
            f"{where}.to",
        )
    _require_types(personalization, f"{where}.")
    seen: set[str] = set()
    for kind in ("to", "cc", "bcc"):
        for index, person in enumerate(personalization.get(kind, [])):
            _require_address(person, f"{where}.{kind}.{index}")
            _require_once(person["email"].lower(), seen, f"{where}.{kind}")
    _require_texts(personalization.get("custom_args", {}), f"{where}.custom_args")


def _require_once(address: str, seen: set[str], field: str) -> None:
    if address in seen:
        words = "Each email address in the personalization block should be unique between to, cc, and bcc."
        raise SendGridError(
            400, f"{words} We found the first duplicate instance of [{address}] in the {field} field.", field
        )
    seen.add(address)


def _require_address(person: Any, field: str) -> None:
    if not isinstance(person, dict) or not person.get("email"):
        raise SendGridError(400, f"The {field} object must be provided with an email address.", f"{field}.email")
    if not isinstance(person["email"], str) or not ADDRESS.fullmatch(person["email"]):
        raise SendGridError(400, "Does not contain a valid address.", f"{field}.email")


def _require_subject(mail: Json) -> None:
    everywhere = all(personalization.get("subject") for personalization in mail["personalizations"])
    if not (mail.get("subject") or everywhere or mail.get("template_id")):
        raise SendGridError(
            400,
            "The subject is required. You can get around this requirement if you use a template with a subject defined "
            "or if every personalization has a subject defined.",
            "subject",
        )


def _require_content(content: Any) -> None:
    if not isinstance(content, list) or not content:
        raise SendGridError(
            400, "Unless a valid template_id is provided, the content parameter is required.", "content"
        )
    for index, part in enumerate(content):
        if not isinstance(part, dict) or not isinstance(part.get("type"), str) or not part["type"]:
            raise SendGridError(400, "The content type is required.", f"content.{index}.type")
        if not isinstance(part.get("value"), str) or not part["value"]:
            raise SendGridError(
                400, "The content value must be a string at least one character in length.", f"content.{index}.value"
            )
    _require_order([part["type"] for part in content])


def _require_order(types: list[str]) -> None:
    first = [kind for kind in ("text/plain", "text/html") if kind in types]
    if types[: len(first)] != first:
        raise SendGridError(
            400,
            "If present, text/plain and text/html may only be provided once, in this order, before others.",
            "content",
        )


def _require_texts(arguments: Any, field: str) -> None:
    if not isinstance(arguments, dict) or not all(isinstance(value, str) for value in arguments.values()):
        raise SendGridError(400, "All custom arguments must be strings.", field)

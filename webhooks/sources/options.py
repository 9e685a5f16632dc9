"""What may be said of each scheme: its options with their defaults, each refused in words when it makes no sense."""

from ipaddress import ip_network
from typing import Any

from rest_framework import serializers

from webhooks.sources.places import HEADER_NAME
from webhooks.sources.schemes.template import DECODE, HASHES, PLACEHOLDERS, parts_of
from webhooks.sources.schemes.times import UNITS

MOST_ADDRESSES = 200


class HeaderName(serializers.RegexField):
    """The name of a header."""

    pattern = rf"^{HEADER_NAME.pattern}\Z"

    def __init__(self, **options: Any) -> None:
        options.setdefault("error_messages", {"invalid": "This is not the name of a header."})
        super().__init__(regex=self.pattern, **options)


class NoHeaderOrName(HeaderName):
    """The name of a header, or nothing."""

    pattern = rf"^(?:{HEADER_NAME.pattern})?\Z"

    def __init__(self, **options: Any) -> None:
        super().__init__(default="", allow_blank=True, **options)


class FieldName(serializers.RegexField):
    """The name of a value in a header that is a list of them, or nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(r"^[A-Za-z0-9_-]{0,40}\Z", default="", allow_blank=True, **options)


class Options(serializers.Serializer[Any]):
    """Options that are not known are refused: a misspelt one would be a door that is open, or shut."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := sorted(map(str, data.keys() - self.fields.keys()))):
            known = ", ".join(self.fields) or "none"
            raise serializers.ValidationError(
                {name[:100]: [f"There is no such option; there are: {known}."] for name in unknown[:10]}, code="unknown"
            )
        return super().to_internal_value(data)


class StandardOptions(Options):
    """`prefix`: what the headers begin with, `webhook-id` and so on; some senders have another."""

    prefix = serializers.RegexField(r"^[A-Za-z0-9-]{1,40}\Z", default="webhook")


class TemplateOptions(Options):
    """HMAC. `signed` is what is signed; `signature_field` and `timestamp_field` are for a header `t=…,v1=…`."""

    header = HeaderName(help_text="Where the signature stands.")
    prefix = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=40,
        trim_whitespace=False,
        help_text="What stands before it, such as sha256=.",
    )
    encoding = serializers.ChoiceField(list(DECODE), default="hex")
    hash = serializers.ChoiceField(HASHES, default="sha256")
    signed = serializers.CharField(
        default="{body}",
        max_length=200,
        trim_whitespace=False,
        help_text="What is signed, such as v0:{timestamp}:{body}.",
    )
    separator = serializers.ChoiceField(
        [",", ";", " "],
        default="",
        allow_blank=True,
        help_text="Between several signatures in one header.",
    )
    signature_field = FieldName(help_text="v1, where the header is a list such as t=1790000000,v1=5bdc….")
    timestamp_field = FieldName(help_text="t, in such a list.")
    timestamp_header = NoHeaderOrName(help_text="Where {timestamp} stands, when it has a header of its own.")
    timestamp_unit = serializers.ChoiceField(UNITS, default="seconds")
    tolerance = serializers.IntegerField(default=300, min_value=10, max_value=86_400, help_text="Seconds, both ways.")
    id_header = NoHeaderOrName(help_text="Where {id} stands.")
    key_encoding = serializers.ChoiceField(
        ["text", *DECODE], default="text", help_text="What the secret is before it becomes a key."
    )

    def validate_signed(self, signed: str) -> str:
        parts = parts_of(signed)
        if "{body}" not in parts:
            raise serializers.ValidationError("It has to have {body} in it: else anything could be said.")
        if any(sign in part for part in parts if part not in PLACEHOLDERS for sign in "{}"):
            raise serializers.ValidationError(f"There are the placeholders {', '.join(PLACEHOLDERS)}, and no others.")
        return signed

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        flaws = {field: words for field, words, wrong in _flaws(given) if wrong}
        if flaws:
            raise serializers.ValidationError(flaws)
        return given


def _flaws(given: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """(field, words, whether it is so) for what contradicts something else."""
    field, header, signature = given["timestamp_field"], given["timestamp_header"], given["signature_field"]
    timed, identified = "{timestamp}" in given["signed"], "{id}" in given["signed"]
    named = bool(field or header)
    return [
        ("timestamp_field", "A field of the header needs signature_field too.", bool(field and not signature)),
        ("timestamp_header", "The time is in a header or in a field, not in both.", bool(field and header)),
        ("signed", "Say where {timestamp} stands: timestamp_header or timestamp_field.", timed and not named),
        ("signed", "A time that is not signed proves nothing: put {timestamp} into it.", named and not timed),
        ("id_header", "Say which header {id} is.", identified and not given["id_header"]),
    ]


class BasicOptions(Options):
    """User name and password, of which the password is the secret."""

    username = serializers.RegexField(
        r"^[^:\x00-\x1f\x7f]{1,100}\Z", error_messages={"invalid": "A user name is printable and has no colon."}
    )


class BearerOptions(Options):
    """A token in a header: `Authorization: Bearer …`, or whichever the sender has."""

    header = HeaderName(default="Authorization")
    prefix = serializers.CharField(required=False, allow_blank=True, max_length=40, trim_whitespace=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        default = "Bearer " if given["header"].lower() == "authorization" else ""
        return {"prefix": default} | given


class AddressesOptions(Options):
    """Where the sender's requests come from."""

    addresses = serializers.ListField(
        child=serializers.CharField(max_length=50), min_length=1, max_length=MOST_ADDRESSES
    )

    def validate_addresses(self, given: list[str]) -> list[str]:
        return [_network(one) for one in given]


def _network(text: str) -> str:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise serializers.ValidationError(f"{text!r} is no address and no network such as 192.0.2.0/24.") from None
    if network.prefixlen == 0:
        raise serializers.ValidationError(f"{text!r} would let everybody in.")
    return str(network)


OPTIONS: dict[str, type[Options]] = {
    "standard-webhooks": StandardOptions,
    "hmac": TemplateOptions,
    "basic": BasicOptions,
    "bearer": BearerOptions,
    "none": AddressesOptions,
}

"""A custom source as programs write and read it; the console's form goes through the same checks."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from integrations.registry import all_providers
from webhooks.models import Source, SourceSecret
from webhooks.models.sources import SLUG
from webhooks.sources.options import OPTIONS
from webhooks.sources.places import Place
from webhooks.sources.schemes import GUESSABLE, BadSecret, Scheme, scheme_of
from webhooks.sources.services import MOST_SECRETS
from webhooks.sources.snapshot import secrets_of

LONGEST_SECRET = 4096
MOST_PLACES = 8
MOST_IGNORED = 200
FOREVER = ("slug", "scheme")
DEFAULT_IDS = ["body:id", "body-hash"]
STANDARD_IDS = ["header:{prefix}-id"]
DEFAULT_TYPES = ["body:type", "body:event", "text:event"]


class PlaceField(serializers.CharField):
    """`header:X-Event-Id`, `body:data.id`, `body-hash` or `text:event`."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            Place.parse(text)
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="invalid") from None
        return text


@extend_schema_field(
    PolymorphicProxySerializer(
        component_name="SourceOptions", serializers=list(OPTIONS.values()), resource_type_field_name=None
    )
)
class OptionsField(serializers.DictField):
    """The scheme's options; which there are depends on the scheme."""


def secret_field(**options: Any) -> serializers.CharField:
    """A secret on its way in: taken exactly as it is, and never shown."""
    return serializers.CharField(max_length=LONGEST_SECRET, trim_whitespace=False, write_only=True, **options)


def _places(words: str) -> serializers.ListField:
    return serializers.ListField(child=PlaceField(), max_length=MOST_PLACES, required=False, help_text=words)


class SourceSerializer(serializers.Serializer[Any]):
    """What is written of a source. Without `secrets` one is made, and told once."""

    slug = serializers.RegexField(
        rf"^{SLUG}\Z",
        max_length=40,
        error_messages={"invalid": "Use small letters, digits and single hyphens, such as acme-orders."},
    )
    name = serializers.CharField(max_length=100, required=False)
    scheme = serializers.ChoiceField(Source.Scheme.choices)
    secrets = serializers.ListField(child=secret_field(), required=False, write_only=True, max_length=MOST_SECRETS)
    options = OptionsField(required=False)
    format = serializers.ChoiceField(Source.Format.choices, required=False)
    split = serializers.BooleanField(required=False, help_text="A JSON array becomes one delivery an element.")
    id_from = _places("Where the event's id is: the first place that has one counts.")
    type_from = _places("Where the event's type is.")
    object_from = _places("Where the key of the object is that it is about; its deliveries are handled in order.")
    ignored = serializers.ListField(
        child=serializers.CharField(max_length=255), max_length=MOST_IGNORED, required=False, help_text="Types."
    )
    rate = serializers.IntegerField(
        min_value=0, max_value=100_000, required=False, help_text="Requests a second for each web process; 0: any."
    )
    paused = serializers.BooleanField(required=False)

    def validate_slug(self, slug: str) -> str:
        if slug in all_providers():
            raise serializers.ValidationError("A plug-in has this slug.", code="taken")
        return slug

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        kept = self.instance
        if kept is None:
            given["options"] = _options(given["scheme"], given.get("options", {}))
            _require_secrets(scheme_of(given["scheme"], given["options"]), given.get("secrets", []))
            given = _defaults(given) | given
        else:
            _require_same(kept, given)
            if "options" in given:
                given["options"] = _options(kept.scheme, given["options"])
                _require_usable_still(kept, given["options"])
        _require_places(kept, given)
        return given


class SecretShown(serializers.ModelSerializer[SourceSecret]):
    """A secret as it is shown: its end, and how long it is good."""

    class Meta:
        model = SourceSecret
        fields = ["hint", "created_at", "expires_at"]


class SourceShown(serializers.ModelSerializer[Source]):
    """A source as it is read. `secret` is there once, in the answer that made it."""

    url = serializers.SerializerMethodField()
    secrets = serializers.SerializerMethodField()
    warnings = serializers.SerializerMethodField()
    options = OptionsField()
    secret = serializers.CharField(read_only=True, required=False)

    class Meta:
        model = Source
        fields = [
            "slug", "name", "url", "scheme", "secrets", "options", "format", "split", "id_from", "type_from",
            "object_from", "ignored", "rate", "paused", "warnings", "created_at", "changed_at", "secret",
        ]  # fmt: skip

    def get_url(self, source: Source) -> str:
        return f"{settings.PATCHBAY_URL}/webhooks/{source.slug}"

    @extend_schema_field(SecretShown(many=True))
    def get_secrets(self, source: Source) -> Any:
        now = timezone.now()
        live = [one for one in source.secrets.all() if one.expires_at is None or one.expires_at > now]
        return SecretShown(live, many=True).data

    def get_warnings(self, source: Source) -> list[str]:
        return warnings_of(source)


def warnings_of(source: Source) -> list[str]:
    """What staff should know of this source's settings."""
    scheme = scheme_of(source.scheme, source.options)
    short = [one for one in source.secrets.all() if one.hint == "…"] if scheme.has_secret else []
    guessable = [f"A secret of fewer than {GUESSABLE} characters can be guessed."] if short else []
    return scheme.warnings() + guessable


def _require_same(kept: Source, given: dict[str, Any]) -> None:
    other = [name for name in FOREVER if name in given and given[name] != getattr(kept, name)]
    flaws = dict.fromkeys(other, "It never changes: make another source, and delete this one.")
    if "secrets" in given:
        flaws["secrets"] = "Secrets change by /rotate, with an overlap."
    if flaws:
        raise serializers.ValidationError(flaws, code="immutable")


def _options(scheme: str, given: dict[str, Any]) -> dict[str, Any]:
    options = OPTIONS[scheme](data=given)
    if not options.is_valid():
        raise serializers.ValidationError({"options": options.errors})
    return dict(options.validated_data)


def _require_secrets(scheme: Scheme, secrets: list[str]) -> None:
    flaws = {}
    for index, text in enumerate(secrets):
        try:
            require_secret(scheme, text)
        except BadSecret as error:
            flaws[str(index)] = [str(error)]
    if flaws:
        raise serializers.ValidationError({"secrets": flaws}, code="invalid")


def _require_usable_still(kept: Source, options: dict[str, Any]) -> None:
    scheme = scheme_of(kept.scheme, options)
    try:
        for secret in secrets_of(kept):
            require_secret(scheme, secret.text)
    except BadSecret as error:
        flaw = f"A secret of this source could not be used then: {error}."
        raise serializers.ValidationError({"options": {"key_encoding": [flaw]}}, code="invalid") from None


def require_secret(scheme: Scheme, text: str) -> None:
    """`BadSecret` unless the scheme has secrets and can use this one."""
    if not scheme.has_secret:
        raise BadSecret("this scheme has no secret")
    scheme.require_secret(text)


def _defaults(given: dict[str, Any]) -> dict[str, Any]:
    standard = given["scheme"] == Source.Scheme.STANDARD
    ids = [text.format(**given["options"]) for text in STANDARD_IDS] if standard else DEFAULT_IDS
    return {"name": given["slug"], "id_from": ids, "type_from": DEFAULT_TYPES}


def _require_places(kept: Source | None, given: dict[str, Any]) -> None:
    """An event has an id and a type of its own; in an array, headers are everybody's."""
    seen = {name: given.get(name, getattr(kept, name, [])) for name in ("id_from", "type_from")}
    flaws = {name: ["Say at least one place."] for name, places in seen.items() if not places}
    split = given.get("split", getattr(kept, "split", False))
    if split and any(text.startswith("header:") for text in seen["id_from"]):
        flaws["id_from"] = ["With split, a header would be the id of every event in the array."]
    if any(text.startswith("text:") for text in seen["id_from"]):
        flaws["id_from"] = ["With the same id for all, all but the first would be taken for its copies."]
    if flaws:
        raise serializers.ValidationError(flaws)

"""A custom source as staff fill it in; what is written goes through the checks that programs' JSON goes through."""

from collections.abc import Iterator
from typing import Any

from django import forms
from rest_framework import serializers

from webhooks.models import Source
from webhooks.sources.options import OPTIONS
from webhooks.sources.serializers import SourceSerializer

LINES = ("id_from", "type_from", "object_from", "ignored")
PLAIN = ("name", "format", "rate")
PLACES = (
    "One place a line: header:X-Event-Id, body:data.id, body-hash or text:event. The first that has it counts. "
    "Leave all empty, and a new source looks where most senders put them."
)
SHOWN_AS = {"": "none", ",": "comma", ";": "semicolon", " ": "space"}


def _lines(**options: Any) -> forms.CharField:
    return forms.CharField(widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}), required=False, **options)


def _field(field: Any, name: str) -> forms.Field:
    """The form's field for a serializer's."""
    given: dict[str, Any] = {
        "required": False,
        "label": name.replace("_", " ").capitalize(),
        "help_text": field.help_text or "",
    }
    if isinstance(field, serializers.ChoiceField):
        blank = [("", "none")] if field.allow_blank else []
        choices = blank + [(value, SHOWN_AS.get(value, value)) for value in field.choices]
        return forms.ChoiceField(choices=choices, **given)
    if isinstance(field, serializers.ListField):
        return _lines(label=given["label"], help_text="One a line, such as 192.0.2.0/24.")
    if isinstance(field, serializers.IntegerField):
        return forms.IntegerField(**given)
    return forms.CharField(strip=field.trim_whitespace, **given)


class SourceForm(forms.Form):
    """Everything of a source. Each scheme's options are fields of their own, named `<scheme>--<option>`."""

    slug = forms.CharField(help_text="Stands in its address for ever: small letters, digits and hyphens.")
    name = forms.CharField(required=False, help_text="What people call it; without one, its slug.")
    scheme = forms.ChoiceField(choices=Source.Scheme.choices, widget=forms.RadioSelect, initial=Source.Scheme.STANDARD)
    secrets = _lines(help_text="One a line, as the sender gave them. Leave it empty, and one is made for you.")
    format = forms.ChoiceField(choices=Source.Format.choices, required=False, help_text="What its bodies are.")
    split = forms.BooleanField(required=False, label="An array is one delivery an element")
    id_from = _lines(label="Where the event's id is", help_text=PLACES)
    type_from = _lines(label="Where its type is")
    object_from = _lines(label="Where its object's key is", help_text="What has one key is handled in order.")
    ignored = _lines(label="Types to set aside", help_text="One a line. They are kept, and nothing is done.")
    rate = forms.IntegerField(required=False, initial=0, help_text="Requests a second for each web process; 0: any.")

    def __init__(self, data: Any = None, *, source: Source | None = None) -> None:
        super().__init__(data, initial=_initial(source) if source else None)
        self._source = source
        for scheme in [source.scheme] if source else OPTIONS:
            for name, field in OPTIONS[scheme]().fields.items():
                self.fields[f"{scheme}--{name}"] = _option(field, name)
        for name in ("slug", "scheme", "secrets") if source else ():
            del self.fields[name]
        if source is None and data is None:
            self.fields["slug"].widget.attrs["autofocus"] = True

    def groups(self) -> Iterator[tuple[str, str, list[forms.BoundField]]]:
        """(scheme, its words, its options' fields) for those that may be chosen."""
        for scheme, words in Source.Scheme.choices:
            mine = [self[name] for name in self.fields if name.startswith(f"{scheme}--")]
            if mine:
                yield scheme, words, mine

    def common(self) -> list[forms.BoundField]:
        """The fields that every scheme has, but those that come before its choice."""
        return [self[name] for name in (*LINES[:3], "format", "split", "ignored", "rate")]

    def checked(self) -> dict[str, Any] | None:
        """What a service takes; None, with every error beside its field, when something is not right."""
        if self.is_valid():
            asked = self._asked()
            serializer = SourceSerializer(self._source, data=asked, partial=self._source is not None)
            if serializer.is_valid():
                return dict(serializer.validated_data)
            self._blame(serializer.errors, "")
        self._focus()
        return None

    def _asked(self) -> dict[str, Any]:
        given = self.cleaned_data
        scheme = self._source.scheme if self._source else given["scheme"]
        asked = {name: given[name] for name in PLAIN if given[name] not in ("", None)} | {"split": given["split"]}
        for name in LINES:
            if given[name].strip() or self._source:
                asked[name] = _split(given[name])
        asked["options"] = dict(self._options(scheme))
        if self._source is None:
            asked |= {"slug": given["slug"], "scheme": scheme, "secrets": _split(given["secrets"])}
        return asked

    def _options(self, scheme: str) -> Iterator[tuple[str, Any]]:
        for name, field in OPTIONS[scheme]().fields.items():
            value = self.cleaned_data[f"{scheme}--{name}"]
            if value not in ("", None):
                yield name, _split(value) if isinstance(field, serializers.ListField) else value

    def _blame(self, errors: Any, path: str) -> None:
        if isinstance(errors, dict):
            for name, inner in errors.items():
                self._blame(inner, f"{path}.{name}")
            return
        for words in errors:
            if isinstance(words, dict):
                self._blame(words, path)
            else:
                self.add_error(self._named(path), str(words))

    def _focus(self) -> None:
        first = next((name for name in self.fields if name in self.errors), "")
        if first:
            self.fields[first].widget.attrs["autofocus"] = True

    def _named(self, path: str) -> str | None:
        first, *rest = path.strip(".").split(".")
        scheme = self._source.scheme if self._source else self.cleaned_data.get("scheme", "")
        name = f"{scheme}--{rest[0]}" if first == "options" and rest else first
        return name if name in self.fields else None


def _option(field: Any, name: str) -> forms.Field:
    made = _field(field, name)
    if field.default is not serializers.empty:
        made.initial = field.default
    return made


def _split(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _initial(source: Source) -> dict[str, Any]:
    plain = {name: getattr(source, name) for name in (*PLAIN, "split")}
    lists = {name: "\n".join(getattr(source, name)) for name in LINES}
    options = {
        f"{source.scheme}--{name}": "\n".join(value) if isinstance(value, list) else value
        for name, value in source.options.items()
    }
    return plain | lists | options


class TrialForm(forms.Form):
    """A sample request. A browser sends the line breaks of a text as CRLF; what is tried has plain ones."""

    headers = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="One a line, such as X-Signature: sha256=…",
    )
    body = forms.CharField(required=False, strip=False, widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}))
    address = forms.GenericIPAddressField(required=False, help_text="Where it comes from.")
    at = forms.DateTimeField(required=False, help_text="The moment it is judged at (UTC), for an old sample.")

    def clean_headers(self) -> dict[str, str]:
        """The headers by name; a line without a colon is an error that quotes it."""
        found: dict[str, str] = {}
        for line in _split(self.cleaned_data["headers"]):
            name, colon, value = line.partition(":")
            if not colon:
                raise forms.ValidationError(f"There is no colon in {line[:60]!r}.")
            found[name.strip()] = value.strip()
        return found

    def clean_body(self) -> bytes:
        """The bytes that were signed."""
        text: str = self.cleaned_data["body"]
        return text.replace("\r\n", "\n").encode()


class RotationForm(forms.Form):
    """A new secret, and how long the others stay good."""

    secret = forms.CharField(
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Leave it empty, and one is made for you.",
    )
    overlap_hours = forms.IntegerField(
        min_value=0, max_value=168, initial=24, help_text="Hours for the sender to change over."
    )

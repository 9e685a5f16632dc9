"""What people send from the portal's pages."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django import forms
from django.http import QueryDict

from webhooks.endpoints.subscriptions import ALL, matches
from webhooks.forms import ProblemForm
from webhooks.models import Endpoint
from webhooks.models.endpoints import FASTEST
from webhooks.moments import moment_of
from webhooks.outbox.catalogue import EventType, catalogue

PAYLOADS = [
    (Endpoint.Payload.FULL, "Full: each message says everything"),
    (Endpoint.Payload.THIN, "Thin: each message says where to ask, and nothing of what happened"),
]
SCHEMES = [
    (Endpoint.Scheme.HMAC, "v1, HMAC-SHA256: one secret that both sides know"),
    (Endpoint.Scheme.ED25519, "v1a, Ed25519: you check with a public key that can sign nothing"),
]
OVERLAPS = [(0, "at once"), (1, "1 hour"), (24, "24 hours"), (72, "3 days"), (168, "7 days")]
SHORT = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True)
class Branch:
    """The event types that begin alike, and which of the boxes are ticked."""

    pattern: str
    whole: bool
    types: list[tuple[EventType, bool]]


def offered(staff: bool) -> list[EventType]:
    """The event types that such a person can be told of."""
    return [one for one in catalogue().values() if staff or not one.staff_only]


class EndpointForm(ProblemForm):
    """An endpoint's address, what it is told and how. The scheme is chosen once; later it changes with the secret."""

    url = forms.CharField(
        label="URL",
        label_suffix="",
        max_length=2048,
        help_text="Where we send a POST for each event. It begins with https:// and answers 2xx within seconds.",
        error_messages={"required": "Where shall we send messages?"},
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    description = forms.CharField(
        label_suffix="",
        max_length=255,
        required=False,
        help_text="For you, to tell your endpoints apart. It may be empty.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    events = forms.MultipleChoiceField(
        error_messages={"required": "Choose at least one event type, or all.", "invalid_choice": "No such event type."}
    )
    payload = forms.ChoiceField(choices=PAYLOADS, widget=forms.RadioSelect, initial=Endpoint.Payload.FULL)
    ordered = forms.BooleanField(required=False)
    rate = forms.IntegerField(
        label="Messages a second, at most",
        label_suffix="",
        min_value=1,
        max_value=FASTEST,
        required=False,
        help_text=f"1 to {FASTEST}; empty for no limit. What is more waits, and none of it fails for that.",
    )
    scheme = forms.ChoiceField(choices=SCHEMES, widget=forms.RadioSelect, initial=Endpoint.Scheme.HMAC)
    all_users = forms.BooleanField(required=False)
    # The same for whoever presses twice; a browser that restores forms must not restore an earlier one.
    once = forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))

    def __init__(self, data: QueryDict | None = None, *, staff: bool, endpoint: Endpoint | None = None) -> None:
        names = ("url", "description", "events", "payload", "ordered", "rate", "all_users") if endpoint else ()
        super().__init__(data, initial={name: getattr(endpoint, name) for name in names})
        if endpoint:
            del self.fields["scheme"], self.fields["once"]
        if not staff:
            del self.fields["all_users"]
        self._types = offered(staff)
        # What a program has subscribed this endpoint to must survive a form that offers less.
        self._kept = [pattern for pattern in (endpoint.events if endpoint else []) if pattern not in self._patterns()]
        field = self.fields["events"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(pattern, pattern) for pattern in (*self._patterns(), *self._kept)]

    def _patterns(self) -> list[str]:
        heads = dict.fromkeys(one.name.partition(".")[0] for one in self._types)
        return [ALL, *(f"{head}.*" for head in heads), *(one.name for one in self._types)]

    @property
    def everything(self) -> bool:
        """Whether all event types are ticked."""
        return ALL in self._ticked()

    @property
    def branches(self) -> Iterator[Branch]:
        """The event types as a tree of boxes."""
        ticked = self._ticked()
        for head in dict.fromkeys(one.name.partition(".")[0] for one in self._types):
            own = [one for one in self._types if one.name.startswith(f"{head}.")]
            yield Branch(f"{head}.*", f"{head}.*" in ticked, [(one, one.name in ticked) for one in own])

    @property
    def kept(self) -> list[tuple[str, bool]]:
        """What the endpoint is subscribed to that the tree does not hold."""
        return [(pattern, pattern in self._ticked()) for pattern in self._kept]

    def _ticked(self) -> set[str]:
        return set(self["events"].value() or ())

    def clean_events(self) -> list[str]:
        """Without what a wider box includes anyway."""
        return _widest(self.cleaned_data["events"])


def _widest(chosen: Iterable[str]) -> list[str]:
    names = list(chosen)
    if ALL in names:
        return [ALL]
    wide = [name for name in names if name.endswith(ALL)]
    return wide + [name for name in names if name not in wide and not matches(wide, name)]


class RotateForm(forms.Form):
    """A fresh secret: how long the earlier one signs along, and of which scheme it is."""

    overlap_hours = forms.TypedChoiceField(
        label="The present one goes on signing for", label_suffix="", choices=OVERLAPS, coerce=int, initial=24
    )
    scheme = forms.ChoiceField(label="Signature", label_suffix="", choices=SCHEMES)


class ExampleForm(forms.Form):
    """The event type whose example is sent; at first one of those that the endpoint is `told_of`."""

    type = forms.ChoiceField(label="Event type", label_suffix="", error_messages={"invalid_choice": "No such type."})

    def __init__(self, data: QueryDict | None = None, *, staff: bool, told_of: Sequence[str] = ()) -> None:
        first = next((one.name for one in offered(staff) if matches(told_of, one.name)), None)
        super().__init__(data, initial={"type": first})
        field = self.fields["type"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(one.name, one.name) for one in offered(staff)]


class ResendForm(ProblemForm):
    """Since when everything is sent again."""

    since = forms.CharField(
        label="Since (UTC)",
        label_suffix="",
        max_length=40,
        error_messages={"required": "Since when?"},
        widget=forms.DateTimeInput(format=SHORT, attrs={"type": "datetime-local"}),
    )
    delivered_too = forms.BooleanField(required=False)

    def clean_since(self) -> datetime:
        """The time in UTC."""
        moment = moment_of(self.cleaned_data["since"])
        if moment is None:
            raise forms.ValidationError("Give a day and a time, such as 2026-11-24T12:00.")
        return moment

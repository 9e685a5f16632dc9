"""What people send from the shop's pages."""

from typing import Any, Self
from uuid import uuid4

from django import forms
from django.http import QueryDict

from payments.services.carts import MAX_QUANTITY
from webhooks.forms import ProblemForm


def quantity_field() -> forms.IntegerField:
    # The bounds are the service's to enforce; here they only guide the browser.
    words = {"required": "How many?", "invalid": "Enter a whole number."}
    bounds = {"min": 1, "max": MAX_QUANTITY, "inputmode": "numeric", "autocomplete": "off"}
    widget = forms.NumberInput(attrs=bounds)
    return forms.IntegerField(label="Quantity", label_suffix="", error_messages=words, widget=widget)


class AddForm(ProblemForm):
    """So many of a product, into the cart."""

    product = forms.SlugField(widget=forms.HiddenInput)
    quantity = quantity_field()


class ChangeForm(ProblemForm):
    """Another quantity of what is in the cart."""

    quantity = quantity_field()

    @classmethod
    def of(cls, item: int, *, quantity: int | None = None, data: QueryDict | None = None) -> Self:
        """The form of one item: a page holds several, so their ids carry the item's."""
        return cls(data, initial={"quantity": quantity}, auto_id=f"item-{item}-%s")


class CheckoutForm(forms.Form):
    """How to pay.

    `key` makes a button pressed twice one order. `total` is what the person saw, in minor units, when they agree to
    changed prices.
    """

    provider = forms.ChoiceField(widget=forms.RadioSelect, error_messages={"required": "Choose how to pay."})
    key = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid4)
    total = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, providers: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["provider"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = providers

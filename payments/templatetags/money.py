"""Money in templates: `{{ amount|money:currency }}`."""

from django import template

from integrations.money import display

register = template.Library()


@register.filter
def money(amount: int, currency: str) -> str:
    """`€19.00`; `amount` is in minor units."""
    return display(amount, currency)

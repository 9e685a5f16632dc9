"""Kinds of deliveries in templates: long words without a space."""

import re

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def breakable(text: str) -> str:
    """The text as HTML that may be broken after each dot, slash or underscore, and not within a word."""
    return format_html_join(SafeString("<wbr>"), "{}", ((part,) for part in re.split(r"(?<=[._/])", text)))

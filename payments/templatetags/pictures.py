"""Products' pictures: `{% picture slug %}` is the address of the product's own drawing, or of a neutral one."""

from functools import lru_cache

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static

register = template.Library()

FALLBACK = "payments/products/product.svg"


@register.simple_tag
def picture(slug: str) -> str:
    return static(_path(slug))


@lru_cache(maxsize=1024)
def _path(slug: str) -> str:
    own = f"payments/products/{slug}.svg"
    return own if finders.find(own) else FALLBACK

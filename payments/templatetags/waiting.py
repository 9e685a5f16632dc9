"""When to come back, in templates."""

from django import template

from payments.waiting import in_words

register = template.Library()
register.filter("wait", in_words)

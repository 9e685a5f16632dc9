"""A time that came as JSON, in templates."""

from django import template

from webhooks.moments import moment_of

register = template.Library()
register.filter("moment", moment_of)

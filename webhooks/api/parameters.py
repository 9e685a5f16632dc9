"""What a request may ask in its address: a filter that is mistyped must not find everything instead of something."""

from collections.abc import Collection

from django.http import QueryDict
from rest_framework.request import Request

from integrations.masking import printable
from webhooks.problems import Problem

LONGEST = 100  # characters of a name that are said back


def repeated(given: QueryDict, lists: Collection[str] = ()) -> list[str]:
    """The parameters that are there more than once, but for those that are `lists`: which is meant nobody can tell."""
    return [printable(name[:LONGEST]) for name, values in given.lists() if len(values) > 1 and name not in lists]


def require_known(request: Request, *names: str) -> None:
    """`Problem` 400, with each parameter that is none of these, or that is there more than once."""
    unknown = [printable(name[:LONGEST]) for name in request.query_params if name not in names]
    if unknown:
        there_are = f"There is {', '.join(names)}." if names else "This takes none."
        errors = [{"field": name, "code": "unknown", "message": f"No such parameter. {there_are}"} for name in unknown]
        words = f"There is no parameter {', '.join(unknown)}. {there_are}"
        raise Problem(400, "unknown_parameter", "A parameter is not known here", words, errors=errors)
    if again := repeated(request.query_params):
        errors = [{"field": name, "code": "repeated", "message": "Send it once."} for name in again]
        words = f"{', '.join(again)} is there more than once, and only one can be meant."
        raise Problem(400, "repeated_parameter", "A parameter is there more than once", words, errors=errors)

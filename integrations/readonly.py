"""What the admin allows on records that are not its to write."""

from typing import Any

from django.http import HttpRequest


class Kept:
    """Rows that nobody edits and nobody deletes; some may be added."""

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


class ReadOnly(Kept):
    """Rows that only services write."""

    def has_add_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

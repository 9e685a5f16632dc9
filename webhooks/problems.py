"""An error with words for whoever asked: rendered as RFC 9457 problem+json to programs, as a sentence to people."""

import math
from collections.abc import Sequence
from typing import Any

from integrations.correlation import request_id

FieldError = dict[str, str]


class Problem(Exception):
    """`code` is stable, `title` names the kind of problem, `detail` this one; `extra` become members of the answer."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        retry_after: float | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail or title)
        self.status, self.code, self.title, self.detail = status, code, title, detail or title
        self.errors, self.retry_after, self.extra = list(errors), retry_after, extra

    def body(self) -> dict[str, Any]:
        """The members of the problem+json document."""
        members: dict[str, Any] = {
            "type": f"/docs/problems#{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id(),
        }
        if self.errors:
            members["errors"] = self.errors
        return members | self.extra

    def headers(self) -> dict[str, str]:
        """Retry-After in whole seconds, at least one and never too few, when there is a time to come back."""
        if self.retry_after is None:
            return {}
        return {"Retry-After": str(max(1, math.ceil(self.retry_after)))}

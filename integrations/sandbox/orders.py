"""What the control surface is asked for, read strictly: a bad wish is refused in words."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from integrations.errors import BadPayload
from integrations.payload import Payload, parse_json


class Unfit(ValueError):
    """A wish that cannot be granted; the message says why."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Wish(Payload):
    """The body of an order, read by name and type."""

    def number(self, path: str, default: float) -> float:
        """A number, whole or not."""
        value = self._find(path) if self.has(path) else default
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Unfit(f"{path} is not a number")
        return float(value)

    def whole(self, path: str) -> Any:
        """Whatever JSON is there, or None."""
        return self._find(path) if self.has(path) else None


async def order(request: Request) -> Wish:
    """The request's body as an object; an empty body is an empty object. `BadPayload` for anything else."""
    return Wish(parse_json(await request.body() or b"{}"))


async def refuse(_request: Request, error: Exception) -> Response:
    """Every refusal of the control surface: `{"error": words}`."""
    status = error.status if isinstance(error, Unfit) else 400
    return JSONResponse({"error": str(error)}, status)


REFUSALS = (ValueError, BadPayload)

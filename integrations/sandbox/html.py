"""The sandbox's pages: Django's templates, a strict policy, nothing from elsewhere."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from starlette.responses import HTMLResponse

SELF = "'self'"
POLICY = f"default-src 'none'; style-src {SELF}; img-src {SELF}; base-uri 'none'; frame-ancestors 'none'"
STATIC = Path(__file__).parent / "static" / "sandbox"


def page(
    template: str, context: Mapping[str, Any], *, status: int = 200, forms_lead_to: Iterable[str] = ()
) -> HTMLResponse:
    """The template as a page that may load itself alone; `forms_lead_to` are origins its forms end up at."""
    headers = {
        "Content-Security-Policy": f"{POLICY}; form-action {' '.join((SELF, *forms_lead_to))}",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(render_to_string(f"sandbox/{template}", dict(context)), status, headers)

"""A realistic payload of every kind of webhook, to start from: `samples/<slug>/<kind>.json`."""

import json
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parent / "samples"


def kinds(slug: str) -> list[str]:
    """The kinds there are samples of, in alphabetical order."""
    return sorted(file.stem for file in (SAMPLES / slug).glob("*.json"))


def sample(slug: str, kind: str) -> Any:
    """The payload as the vendor documents it: an object, or for SendGrid a list. `KeyError` names what there is."""
    if kind not in kinds(slug):
        raise KeyError(f"there is no sample {kind!r} of {slug!r}; there are: {', '.join(kinds(slug)) or 'none'}")
    return json.loads((SAMPLES / slug / f"{kind}.json").read_text(encoding="utf-8"))


def renewed(slug: str, payload: Any, now: datetime) -> Any:
    """The payload with its event's own ids and times made anew, so that it is not taken for a repetition."""
    if slug == "stripe":
        created = now.isoformat() if payload.get("object") == "v2.core.event" else int(now.timestamp())
        return {**payload, "id": f"evt_{secrets.token_hex(12)}", "created": created}
    if slug == "paypal":
        return {**payload, "id": f"WH-{secrets.token_hex(9).upper()}", "create_time": now.isoformat()}
    if slug == "slack" and "event_id" in payload:
        return {**payload, "event_id": f"Ev{secrets.token_hex(5).upper()}", "event_time": int(now.timestamp())}
    if slug == "sendgrid":
        fresh = {"timestamp": int(now.timestamp())}
        return [{**event, "sg_event_id": secrets.token_urlsafe(16), **fresh} for event in payload]
    return payload

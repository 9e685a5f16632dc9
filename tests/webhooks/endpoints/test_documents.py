"""What the page for customers tells them to type does verify what we send."""

import json
import re
import shutil
import subprocess
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from integrations.signatures import standard
from tests.services import need
from tests.webhooks.endpoints.conftest import send_due
from tests.webhooks.endpoints.receiver import Receiver
from webhooks.endpoints import keys
from webhooks.models import Endpoint

PAGE = Path(settings.BASE_DIR) / "docs" / "endpoints.md"
SECRET = standard.new_secret()
BODY = '{"type":"order.paid","data":{"words":"naïve 💶"}}'.encode()


def snippet(language: str) -> str:
    """The block below the line that names the language."""
    found = re.search(rf"^{language}.*:\n\n((?:    .*\n|\n)+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return textwrap.dedent(found[1])


def signed(at: datetime, body: bytes = BODY) -> dict[str, str]:
    other = standard.sign(standard.new_secret(), "m1", at, body)
    signature = f"{other} {standard.sign(SECRET, 'm1', at, body)}"
    return {"webhook-id": "m1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


# How many minutes ago it was signed, what was changed afterwards, and whether it is good.
CASES: list[tuple[int, dict[str, str], bytes, bool]] = [
    (0, {}, BODY, True),
    (0, {}, BODY + b" ", False),
    (60, {}, BODY, False),
    (-60, {}, BODY, False),
    (0, {"webhook-id": "m2"}, BODY, False),
    (0, {"webhook-signature": "v1,AAAA"}, BODY, False),
]


def by_python(_folder: Path, secret: str, headers: dict[str, str], body: bytes) -> bool:
    scope: dict[str, Any] = {}
    exec(snippet("Python"), scope)
    return bool(scope["verified"](secret, headers, body))


def by_javascript(_folder: Path, secret: str, headers: dict[str, str], body: bytes) -> bool:
    node = shutil.which("node")
    need("Node", "" if node else "it is not on the path")
    given = f"{json.dumps(secret)}, {json.dumps(headers)}, Buffer.from({list(body)})"
    return said_by([str(node), "-e", f"{snippet('JavaScript')}console.log(verified({given}))"])


def by_go(folder: Path, secret: str, headers: dict[str, str], body: bytes) -> bool:
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not on the path")
    fields = "".join(f"h.Set({json.dumps(name)}, {json.dumps(value)});" for name, value in headers.items())
    given = f"{json.dumps(secret)}, h, []byte{{{', '.join(map(str, body))}}}"
    lines = f"func main() {{ h := http.Header{{}}; {fields} println(verified({given})) }}"
    program = folder / "main.go"
    program.write_text(f"package main\n{snippet('Go')}\n{lines}\n")
    return said_by([go, "run", str(program)])


def said_by(command: list[str]) -> bool:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {"true": True, "false": False}[(done.stdout + done.stderr).strip()]


Verify = Callable[[Path, str, dict[str, str], bytes], bool]
LANGUAGES = pytest.mark.parametrize("verify", [by_python, by_javascript, by_go])


@LANGUAGES
@pytest.mark.parametrize(("ago", "changed", "body", "good"), CASES)
def test_the_lines_of_each_language_tell_good_from_bad(
    tmp_path: Path, verify: Verify, ago: int, changed: dict[str, str], body: bytes, good: bool
) -> None:
    headers = signed(datetime.now(UTC) - timedelta(minutes=ago)) | changed
    assert verify(tmp_path, SECRET, headers, body) is good


@LANGUAGES
@pytest.mark.django_db
def test_the_lines_of_each_language_verify_what_our_sender_has_sent(
    tmp_path: Path, verify: Verify, endpoint: Endpoint, receiver: Receiver, happen: Callable[..., object]
) -> None:
    happen(words="naïve “quotes” 💶")
    send_due()
    (sent,) = receiver.received
    headers = {name: sent.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    assert verify(tmp_path, keys.current(endpoint)[0].key, headers, sent.body)
    assert not verify(tmp_path, standard.new_secret(), headers, sent.body)


def test_the_lines_of_go_import_what_they_use_and_nothing_else() -> None:
    lines = snippet("Go")
    imported = {path.rpartition("/")[2] for path in re.findall(r'^    "([a-z0-9/]+)"$', lines, re.MULTILINE)}
    assert imported == set(re.findall(r"(?<![.\w\"])([a-z]+[a-z0-9]*)\.[A-Z]", lines)) - {"h", "mac"}


def test_the_page_names_every_variable_that_there_is() -> None:
    known = re.findall(r'"(PATCHBAY_ENDPOINTS?_\w+)"', (Path(settings.BASE_DIR) / "config/settings.py").read_text())
    assert set(known) == set(re.findall(r"`(PATCHBAY_ENDPOINTS?_\w+)`", PAGE.read_text(encoding="utf-8")))

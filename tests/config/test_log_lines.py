"""The lines of the log as programs read them."""

import io
import json
import logging as stdlib
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from django.conf import settings

from config import logging


def _line(capsys, **words: object) -> dict[str, object]:
    was = structlog.get_config()
    try:
        logging.configure({"json": True, "level": "INFO"})
        structlog.get_logger("test").info("it.happened", **words)
    finally:
        logging.configure(settings.LOGGING)
        structlog.configure(**was)  # last: what this test's stderr was is gone when it ends
    written = capsys.readouterr().err
    assert written.isascii()
    return json.loads(written)


def test_a_line_says_when_to_the_microsecond_in_utc(capsys) -> None:
    before = datetime.now(UTC)
    stamp = _line(capsys)["timestamp"]
    assert before - timedelta(microseconds=1) <= datetime.fromisoformat(stamp) <= datetime.now(UTC)
    assert len(stamp) == len("2026-11-24T09:50:15.542760Z")
    assert stamp.endswith("Z")


def test_a_stamp_keeps_its_zeros(monkeypatch) -> None:
    """A fraction without them would be another time."""
    monkeypatch.setattr(logging.time, "time_ns", lambda: 1_700_000_000_000_042_999)
    assert logging._stamp(None, "info", {})["timestamp"] == "2023-11-14T22:13:20.000042Z"


def test_what_json_does_not_know_is_written_as_python_shows_it(capsys) -> None:
    """A line that cannot be spelled must not be an error of whoever logs."""
    line = _line(capsys, what={1, 2}, when=timedelta(seconds=3))
    assert line["what"] == "{1, 2}"
    assert line["when"] == "datetime.timedelta(seconds=3)"
    assert (line["event"], line["level"], line["logger"]) == ("it.happened", "info", "test")


@pytest.mark.parametrize("words", ["kühl", "\u202eexe.txt", "\ud800"])
def test_a_line_is_ascii_whatever_is_in_it(capsys, words) -> None:
    """A terminal may turn what follows round, and half a surrogate pair can be written nowhere."""
    assert _line(capsys, words=words)["words"] == words


SECRET = "a1B2c3D4e5F6g7H8"


def _written(monkeypatch, as_json: bool, say) -> str:
    """What `say`, given a standard logger and one of ours, makes the configured log write."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    was = structlog.get_config()
    try:
        logging.configure({"json": as_json, "level": "INFO"})
        say(stdlib.getLogger("someone.else"), structlog.get_logger("test"))
    finally:
        logging.configure(settings.LOGGING)
        structlog.configure(**was)
    return stream.getvalue()


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "console"])
def test_what_a_library_logs_is_masked(monkeypatch, as_json) -> None:
    def say(theirs, _ours) -> None:
        theirs.warning("Retrying %s with Bearer %s", "https://x.example", SECRET)

    said = _written(monkeypatch, as_json, say)
    assert "Retrying https://x.example with Bearer [masked]" in said


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "console"])
@pytest.mark.parametrize("whose", [0, 1], ids=["a library's", "ours"])
@pytest.mark.filterwarnings("error")
def test_a_traceback_is_masked(monkeypatch, as_json, whose) -> None:
    def say(*loggers) -> None:
        try:
            raise ValueError(f"refused: token={SECRET}")
        except ValueError:
            loggers[whose].exception("it broke")

    said = _written(monkeypatch, as_json, say)
    assert "ValueError: refused: token=[masked]" in said
    assert "Traceback" in said
    assert SECRET not in said


CHATTER = [
    ('%s - "WebSocket %s" [accepted]', "127.0.0.1:5", "/ws"),
    ('%s - "WebSocket %s" 403', "127.0.0.1:5", "/ws"),
    ("connection open",),
    ("connection closed",),
]


@pytest.mark.parametrize("words", CHATTER)
def test_uvicorn_does_not_tell_of_each_socket(monkeypatch, words) -> None:
    assert _written(monkeypatch, True, lambda *_: stdlib.getLogger("uvicorn.error").info(*words)) == ""


def test_uvicorn_still_tells_what_went_wrong_and_that_it_runs(monkeypatch) -> None:
    def say(*_loggers) -> None:
        uvicorn = stdlib.getLogger("uvicorn.error")
        uvicorn.info("Uvicorn running on %s", "http://x.example")
        uvicorn.error("connection closed in the middle of a frame")

    said = _written(monkeypatch, True, say)
    assert "Uvicorn running" in said
    assert "in the middle" in said

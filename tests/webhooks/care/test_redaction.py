"""What redaction takes out of a body, and that it takes nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.care.redaction import WITHHELD, redacted

BODY = b'{"a": {"b": [ {"n":"x\\u0041", "k":1.0}, {"n":2} ], "c" :null},"d":"\xc3\xa9"}\r\n'


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (
            ["a.b.*.n"],
            b'{"a": {"b": [ {"n":"[redacted]", "k":1.0}, {"n":"[redacted]"} ], "c" :null},"d":"\xc3\xa9"}\r\n',
        ),
        (["a.b.1"], b'{"a": {"b": [ {"n":"x\\u0041", "k":1.0}, "[redacted]" ], "c" :null},"d":"\xc3\xa9"}\r\n'),
        (["a.*"], b'{"a": {"b": "[redacted]", "c" :"[redacted]"},"d":"\xc3\xa9"}\r\n'),
        (["a.b.*.n", "a"], b'{"a": "[redacted]","d":"\xc3\xa9"}\r\n'),
        (["*"], b'{"a": "[redacted]","d":"[redacted]"}\r\n'),
        (["d", "nothing.here", "d.deeper"], BODY.replace('"é"'.encode(), b'"[redacted]"')),
    ],
)
def test_what_a_path_leads_to_is_replaced_and_every_other_byte_stays(paths: list[str], expected: bytes) -> None:
    assert redacted(BODY, paths) == expected


def test_a_name_that_stands_there_twice_is_replaced_twice() -> None:
    assert redacted(b'{"a":1,"a":[2]}', ["a"]) == b'{"a":"[redacted]","a":"[redacted]"}'


def test_a_name_spelled_with_escapes_is_found() -> None:
    assert redacted(b'{"\\u0061":1}', ["a"]) == b'{"\\u0061":"[redacted]"}'


@pytest.mark.parametrize(
    "body",
    [
        b"{", b'{"a"', b'{"a":', b"[1,", b"a=1&b=2", b"\xff\xfe", b"[" * 100_000, b"<a>1</a>", b"a: 1", b"7 Oak St",
        b'{"b":1}\n{"a":1}', b'{"b":1} a', b'{;"a":1}', b'{"b"a:1}',
    ],
)  # fmt: skip
def test_of_a_body_that_is_no_json_nothing_is_stored(body: bytes) -> None:
    assert redacted(body, ["a", "*.a"]) == WITHHELD


@pytest.mark.parametrize("body", [b"", b" \r\n"])
def test_where_nothing_was_said_nothing_is_withheld(body: bytes) -> None:
    assert redacted(body, ["a"]) == body


def test_without_paths_every_body_stays_as_it_came() -> None:
    assert redacted(b"<a>1</a>", []) == b"<a>1</a>"


FORM = "application/x-www-form-urlencoded; charset=utf-8"
HIDDEN = b"%5Bredacted%5D"


@pytest.mark.parametrize(
    ("paths", "body", "stored"),
    [
        (["email"], b"email=ada%40example.com&n=1+2&flag&email=", b"email=%s&n=1+2&flag&email="),
        (["user.email"], b"user[email]=a&user%5Bemail%5D=b&email=d", b"user[email]=%s&user%%5Bemail%%5D=%s&email=d"),
        (["user.email"], b"user.email=c", b"user.email=%s"),
        (["items.*.name"], b"items[0][name]=a&items[0][id]=1", b"items[0][name]=%s&items[0][id]=1"),
        (["items.*.name"], b"items[][name]=a", b"items[][name]=%s"),
        (["items.1.name"], b"items[][name]=a&items[][id]=1", b"items[][name]=%s&items[][id]=1"),
        (["\u00e9"], b"%C3%A9=a&\xc3\xa9=b", b"%%C3%%A9=%s&\xc3\xa9=%s"),
        (["user"], b"user[email]=a&user[name]=b", b"user[email]=%s&user[name]=%s"),
        (["json.id"], b"json=%7B%22id%22%3A+1%7D", b"json=%%7B%%22id%%22%%3A+%%22%s%%22%%7D"),
        (["payload.team"], b"payload=%7B%22other%22%3A1%7d", b"payload=%%7B%%22other%%22%%3A1%%7d"),
        (["data.email"], b"data=name%3DAda", b"data=%s"),
        (["*"], b"a=1&b=c=d", b"a=%s&b=%s"),
    ],
)  # fmt: skip
def test_the_fields_of_a_form_are_redacted_and_every_other_byte_stays(
    paths: list[str], body: bytes, stored: bytes
) -> None:
    assert redacted(body, paths, FORM) == stored.replace(b"%s", HIDDEN).replace(b"%%", b"%")


def test_json_that_calls_itself_a_form_is_redacted_as_what_it_is() -> None:
    assert redacted(b'{"a":1}', ["a"], FORM) == b'{"a":"[redacted]"}'


@pytest.mark.parametrize("body", [b'{"a":1}\n{"a":2}', b"<a>1</a>", b"a = 1", b"=1", b'{"a":1'])
def test_of_what_calls_itself_a_form_and_is_none_nothing_is_stored(body: bytes) -> None:
    assert redacted(body, ["a"], FORM) == WITHHELD


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "é"]), inner, max_size=3),
    max_leaves=20,
)
PATHS = st.lists(st.lists(st.sampled_from(["a", "b", "é", "*", "0", "1"]), min_size=1, max_size=4), max_size=3)


def expected(value: object, paths: list[list[str]]) -> object:
    if [] in paths:
        return "[redacted]"
    if isinstance(value, dict):
        return {name: expected(item, [p[1:] for p in paths if p[0] in (name, "*")]) for name, item in value.items()}
    if isinstance(value, list):
        return [expected(item, [p[1:] for p in paths if p[0] in (str(n), "*")]) for n, item in enumerate(value)]
    return value


@given(value=JSON, paths=PATHS, indent=st.sampled_from([None, 2]), ascii_only=st.booleans())
def test_it_does_to_the_bytes_what_would_be_done_to_the_value(value, paths, indent, ascii_only) -> None:
    body = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    done = redacted(body, [".".join(path) for path in paths])
    assert json.loads(done) == expected(value, paths)
    assert done == body or json.loads(done) != value or "[redacted]" in json.dumps(value)


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32-le"])
def test_a_body_in_another_coding_of_json_is_redacted_too(coding: str) -> None:
    stored = redacted('{"email": "ä@example.com", "n": 1}'.encode(coding), ["email"])
    assert json.loads(stored) == {"email": "[redacted]", "n": 1}

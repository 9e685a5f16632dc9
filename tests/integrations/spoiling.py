"""Hypothesis strategies for what vendors never promised not to send."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

TEXT = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates too: JSON can spell them
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def header_values() -> st.SearchStrategy[str]:
    """Any bytes, as the door decodes them; and what looks like a signature."""
    looks_right = st.from_regex(r"(t=[0-9]{1,12},)?(v1|sha256)=[0-9a-f]{64}", fullmatch=True)
    return st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")) | looks_right


@st.composite
def spoilt(draw: st.DrawFn, payload: Any) -> Any:
    """`payload` with one to three of its values replaced by any JSON, or taken away."""
    copy = deepcopy(payload)
    for _ in range(draw(st.integers(1, 3))):
        if places := list(_places(copy)):
            container, key = places[draw(st.integers(0, len(places) - 1))]
            if draw(st.booleans()):
                container[key] = draw(JSON)
            else:
                del container[key]
    return copy


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from _places(inner)

"""Words that do not belong: leftovers in comments, and vendors' names in the domain."""

import io
import re
import token
import tokenize
from collections.abc import Iterator

from tests.architecture.imports import DOMAIN
from tests.architecture.tree import Module, Tree

LEFTOVERS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
VENDORS = re.compile("stripe|paypal|sendgrid|github", re.IGNORECASE)
# Where the domain does name a vendor, and why. An entry that is no longer needed is itself a violation.
VENDORS_ALLOWED = {
    "payments/serializers.py": "the published API tells programs which values it takes",
    "payments/services/checkout.py": "the gateway that is taken when the person does not choose one",
}


def leftovers(tree: Tree) -> Iterator[str]:
    """What is not done is an issue, not a comment."""
    for module in tree.modules.values():
        for line, text in _tokens(module, "COMMENT"):
            if found := LEFTOVERS.search(text):
                yield f"{module.path}:{line}: says {found[0]}: do it, or open an issue"


def vendors(tree: Tree) -> Iterator[str]:
    """The domain speaks our words: no vendor's name in its identifiers and strings."""
    for module in tree.modules.values():
        if module.app not in DOMAIN:
            continue
        named = [(line, found[0]) for line, text in _tokens(module) if (found := VENDORS.search(text))]
        if module.path not in VENDORS_ALLOWED:
            for line, word in named:
                yield f"{module.path}:{line}: names {word}: the domain speaks of ports, settings choose the vendor"
        elif not named:
            yield f"{module.path}:1: names no vendor any more: take it off VENDORS_ALLOWED"


def _tokens(module: Module, *kinds: str) -> Iterator[tuple[int, str]]:
    """Line and text of each token of these kinds; without any, of identifiers and strings."""
    wanted = kinds or ("NAME", "STRING", "FSTRING_MIDDLE")
    for found in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.tok_name[found.type] in wanted:
            yield found.start[0], found.string

"""The house rules a machine can check: `violations(root)` names each breach and what to do instead."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.architecture import habits, imports, sizes, words
from tests.architecture.tree import Tree

Rule = Callable[[Tree], Iterator[str]]

RULES: dict[str, Rule] = {
    "layers": imports.layers,
    "providers": imports.providers,
    "sandbox": imports.sandbox,
    "neutrality": imports.neutrality,
    "cycles": imports.cycles,
    "file size": sizes.files,
    "function size": sizes.functions,
    "docstrings": habits.docstrings,
    "money": habits.money,
    "print": habits.prints,
    "leftovers": words.leftovers,
    "vendor words": words.vendors,
}


def violations(root: Path) -> list[str]:
    """One line per breach of a rule under `root`; empty when the house is in order."""
    tree = Tree(root)
    return [f"{line} [{name}]" for name, rule in RULES.items() for line in rule(tree)]

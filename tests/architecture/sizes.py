"""How long files and functions may be, and how long they are."""

import ast
from collections.abc import Iterator
from statistics import median, quantiles

from tests.architecture.tree import Module, Tree

LONGEST_FILE = 300
LONGEST_FUNCTION = 60


def files(tree: Tree) -> Iterator[str]:
    """No file is longer than 300 lines."""
    for file in tree.files:
        if file.lines > LONGEST_FILE:
            yield f"{file.path}:1: is {file.lines} lines long: find the seam and split it (at most {LONGEST_FILE})"


def functions(tree: Tree) -> Iterator[str]:
    """No function is longer than 60 lines."""
    for module in tree.modules.values():
        for node in _functions(module):
            if (length := _length(node)) > LONGEST_FUNCTION:
                yield (
                    f"{module.path}:{node.lineno}: {node.name} is {length} lines long: "
                    f"give its parts names (at most {LONGEST_FUNCTION})"
                )


def figures(tree: Tree) -> list[str]:
    """Median, 90th percentile and longest of functions and files: the product's, and the tests'."""
    parts = {
        "product": [module for module in tree.modules.values() if module.app not in ("tests", "bench")],
        "tests": [module for module in tree.modules.values() if module.app in ("tests", "bench")],
    }
    return [
        f"{part:8} {noun:10} {_spread(lengths)}"
        for part, modules in parts.items()
        for noun, lengths in (
            ("functions", [_length(node) for module in modules for node in _functions(module)]),
            ("files", [module.lines for module in modules if module.lines]),
        )
        if len(lengths) > 1
    ]


def _spread(lengths: list[int]) -> str:
    p90 = quantiles(lengths, n=10)[-1]
    return f"{len(lengths):5} of them: median {median(lengths):.0f}, p90 {p90:.0f}, longest {max(lengths)} lines"


def _functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(module.syntax) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1

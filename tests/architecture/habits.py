"""What every module does, and what none may: a docstring first, no float near money, no print."""

import ast
from collections.abc import Iterator

from tests.architecture.tree import Module, Tree


def docstrings(tree: Tree) -> Iterator[str]:
    """Every module opens with one sentence about itself; an empty file needs none."""
    for module in tree.modules.values():
        if module.text.strip() and not ast.get_docstring(module.syntax):
            yield f"{module.path}:1: has no docstring: open with one sentence that says what it is"


def money(tree: Tree) -> Iterator[str]:
    """No float anywhere near money."""
    for module in tree.modules.values():
        if module.within("payments"):
            for node in ast.walk(module.syntax):
                if _makes_a_float(node):
                    yield f"{module.path}:{node.lineno}: makes a float: money is integer minor units"


def prints(tree: Tree) -> Iterator[str]:
    """Programs log; only commands, tests and benchmarks print."""
    for module in tree.modules.values():
        if not _may_print(module):
            for node in ast.walk(module.syntax):
                if _calls(node, "print"):
                    yield f"{module.path}:{node.lineno}: prints: log by structlog"


def _makes_a_float(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return "amount" in ast.unparse(node).lower()
    return _calls(node, "float") or (isinstance(node, ast.Constant) and isinstance(node.value, float))


def _may_print(module: Module) -> bool:
    return module.within("tests", "bench") or ".management.commands" in module.name


def _calls(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name

"""The source tree as the rules see it: its files, its Python modules, and who imports whom."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SKIPPED = frozenset({"var", "migrations", "node_modules", "__pycache__"})
SUFFIXES = frozenset({".py", ".css", ".js", ".html"})


@dataclass(frozen=True)
class Import:
    """One import: the dotted name it asks for, and whether it happens while the importing module loads."""

    line: int
    target: str
    at_load: bool


@dataclass(frozen=True)
class Source:
    """One file. `path` is relative to the root, with forward slashes."""

    path: str
    text: str

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())


@dataclass(frozen=True)
class Module(Source):
    """One Python file."""

    @cached_property
    def syntax(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def name(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def app(self) -> str:
        return self.name.partition(".")[0]

    @property
    def package(self) -> str:
        return self.name if self.path.endswith("__init__.py") else self.name.rpartition(".")[0]

    def within(self, *packages: str) -> bool:
        """Whether this module is one of the packages or inside one."""
        return any(is_within(self.name, package) for package in packages)


class Tree:
    """Every file of the project under `root`; virtual environments, migrations and run-time data are not of it."""

    def __init__(self, root: Path) -> None:
        self.files = [_read(root, path) for path in sorted(_walk(root))]
        self.modules = {file.name: file for file in self.files if isinstance(file, Module)}
        self._imports: dict[str, list[Import]] = {}

    def imports(self, module: Module) -> list[Import]:
        """What `module` imports, each as the longest dotted name that is a module of ours, or as written."""
        if module.name not in self._imports:
            self._imports[module.name] = [
                Import(node.lineno, target, at_load)
                for node, at_load in _import_statements(module.syntax, at_load=True)
                for target in self._targets(module, node)
            ]
        return self._imports[module.name]

    def _targets(self, module: Module, node: ast.Import | ast.ImportFrom) -> list[str]:
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        origin = node.module or ""
        if node.level:
            base = module.package.split(".")
            origin = ".".join([*base[: len(base) - node.level + 1], *filter(None, [origin])])
        names = (f"{origin}.{alias.name}" for alias in node.names)
        return [name if name in self.modules else origin for name in names]


def is_within(name: str, package: str) -> bool:
    """Whether the dotted `name` is `package` or inside it."""
    return name == package or name.startswith(f"{package}.")


def _walk(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = [
            name
            for name in folders
            if name not in SKIPPED and not name.startswith(".") and not (here / name / "pyvenv.cfg").exists()
        ]
        yield from (here / name for name in names if Path(name).suffix in SUFFIXES)


def _read(root: Path, path: Path) -> Source:
    kind = Module if path.suffix == ".py" else Source
    return kind(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))


def _import_statements(node: ast.AST, *, at_load: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, at_load
        else:
            yield from _import_statements(child, at_load=at_load and not _is_deferred(child))


def _is_deferred(node: ast.AST) -> bool:
    # A function's imports happen when it is called; those for the type checker never do.
    if isinstance(node, ast.If):
        return ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)

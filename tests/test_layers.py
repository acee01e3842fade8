"""The layers of the package, read from its sources: nothing here is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

PACKAGE: Final = "fluo_logic"
ROOT: Final = Path(__file__).parents[1] / PACKAGE
MODULES: Final = sorted(path for path in ROOT.rglob("*.py"))
MOST_LINES: Final = 400

LAYERS: Final = (
    ("errors", "error_codes", "values", "shown"),
    ("logic", "facts.model"),
    ("facts", "lang"),
    ("resources",),
    ("translate",),
    ("solve",),
    ("explain",),
    ("report",),
    ("waivers",),
    ("scanned",),
    ("scan_groups",),
    ("scan",),
    ("spark",),
    ("scopes",),
    ("pipeline",),
    ("distributed",),
    ("certification",),
    ("evidence",),
    ("api",),
    ("tooling",),
    ("consistency",),
    ("lsp", "integrations"),
    ("commands",),
    ("cli", "__init__", "__main__"),
)
"""What may be imported by what stands further down in this list; `facts.model` is below the rest of its folder."""
FINER: Final = {name for names in LAYERS for name in names if "." in name}
BESIDE: Final = {("facts", "lang"), ("lang", "facts"), ("lsp", "integrations"), ("integrations", "lsp")}
"""Neighbours that must not know each other."""
OWNERS: Final = {
    "clingo": ("solve/clingo.py", "consistency/"),
    "clingodl": ("consistency/encode_solve.py",),
    "rstr": ("consistency/vocabulary.py",),
    "pyDatalog": ("solve/pydatalog.py",),
    "duckdb": ("solve/",),
    "lark": ("lang/",),
    "lsprotocol": ("lsp/",),
    "pygls": ("lsp/",),
    "pygraphviz": ("explain/graph_export.py",),
    "fsspec": ("facts/readers/remote.py",),
    "narwhals": ("facts/readers/",),
    "google": ("facts/readers/", "facts/columnar/"),
    "opentelemetry": ("facts/readers/", "facts/columnar/", "integrations/"),
    "ptars": ("facts/columnar/",),
    "py4j": ("spark/",),
    "pyspark": ("spark/",),
    "pytest": ("integrations/",),
    "_pytest": ("integrations/",),
    "zstandard": ("facts/readers/",),
}
"""Which modules may import an outside package: a file, or a folder with all that is in it."""
UPWARD: Final = {
    ("explain/__init__.py", "api"): "the package `explain` can be called like the function of the same name",
    ("explain/__init__.py", "pipeline"): "likewise, for a type hint",
    ("explain/text.py", "pipeline"): "only for a type hint",
    ("explain/as_json.py", "pipeline"): "only for a type hint",
    ("report/html/__init__.py", "pipeline"): "only for a type hint",
    ("report/display.py", "pipeline"): "only for a type hint",
    ("pipeline.py", "distributed"): "what the engine `spark` does is made of parts of the pipeline",
}
"""Imports that point up, under TYPE_CHECKING or inside a function, and why each is there."""
every_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())


@dataclass(frozen=True, slots=True)
class Import:
    """An imported module, absolute, and whether importing the importer imports it too."""

    module: str
    line: int
    eager: bool


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[Import]:
    yield from _imports(tree(path), path, eager=True)


def _imports(node: ast.AST, path: Path, *, eager: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import(names=names):
                yield from (Import(alias.name, child.lineno, eager) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = _absolute(path, module, level)
                for alias in names:
                    # `from package import module` and `from module import name` look the same.
                    inner = f"{base}.{alias.name}"
                    yield Import(inner if _is_module(inner) else base, child.lineno, eager)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                yield from _imports(child, path, eager=False)
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield from _imports(child, path, eager=False)
            case _:
                yield from _imports(child, path, eager=eager)


def _absolute(path: Path, module: str | None, level: int) -> str:
    if not level:
        return module or ""
    folder = path.relative_to(ROOT.parent).parent.parts
    return ".".join([*folder[: len(folder) - level + 1], *([module] if module else [])])


def _is_module(dotted: str) -> bool:
    path = ROOT.parent.joinpath(*dotted.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def part(module: str) -> str | None:
    """Return the part of the package that a module belongs to; None for a module of another package."""
    package, _, rest = module.partition(".")
    if package != PACKAGE:
        return None
    return rest if rest in FINER else rest.partition(".")[0] or "__init__"


def own_part(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts) if ".".join(parts) in FINER else parts[0]


def layer(name: str) -> int:
    for number, names in enumerate(LAYERS):
        if name in names:
            return number
    message = f"{name} has no layer: add it to LAYERS"
    raise AssertionError(message)


@every_module
def test_imports_point_down(path: Path) -> None:
    """A module imports from its own part of the package and from those below it, never from above or beside."""
    own = own_part(path)
    for found in imports(path):
        other = part(found.module)
        if other is None or other == own:
            continue
        place = f"{relative(path)}:{found.line} imports {found.module}"
        if (relative(path), other) in UPWARD:
            assert not found.eager, f"{place} when it is imported itself"
            continue
        # `__init__` loads names on first use, and otherwise only for type checkers.
        assert layer(other) <= layer(own), place
        assert (own, other) not in BESIDE, place


def test_exceptions_are_in_use() -> None:
    """No exception to the layers outlives the import that it was made for."""
    used = {(relative(path), part(found.module)) for path in MODULES for found in imports(path)}
    assert [excepted for excepted in UPWARD if excepted not in used] == []


@every_module
def test_outside_packages_stay_with_their_owners(path: Path) -> None:
    """Each engine, the parser and the trace formats are imported in one place, so that they can be exchanged."""
    for found in imports(path):
        owners = OWNERS.get(found.module.partition(".")[0])
        if owners is not None:
            place = f"{relative(path)}:{found.line} imports {found.module}"
            assert any(relative(path) == owner or relative(path).startswith(owner) for owner in owners), place


@pytest.mark.parametrize("package", OWNERS)
def test_owners_exist(package: str) -> None:
    """A package that has an owner is imported by it, unless the owner is not written yet."""
    owned = [path for path in MODULES if any(relative(path).startswith(owner) for owner in OWNERS[package])]
    users = {found.module.partition(".")[0] for path in owned for found in imports(path)}
    assert package in users or package in {"pyDatalog", "duckdb"}


@every_module
def test_modules_are_small(path: Path) -> None:
    """A module has at most 400 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@every_module
def test_modules_say_what_they_are(path: Path) -> None:
    """Every module begins with a docstring that is a sentence."""
    docstring = ast.get_docstring(tree(path))
    assert docstring is not None
    assert docstring.split("\n\n")[0].rstrip().endswith((".", ":")), docstring


@every_module
def test_modules_do_not_import_star(path: Path) -> None:
    """No module imports names that it does not spell out."""
    starred = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
    ]
    assert starred == []

"""The house: who may import whom, where the heavy packages live, and what a light command never loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

import rnnforecast

ROOT = Path(rnnforecast.__file__).parent
# Left to right: a room imports only from rooms to its left. Rooms of one line do not know each other.
ORDER = (
    "version errors",
    "config",
    "data",
    "network floors",
    "scores",
    "members",
    "model",
    "packing",
    "training",
    "evaluation",
    "report",
    "atomic strict_json",
    "checkpoint",
    "api",
    "cli",
    "__main__",
)
RANK = {room: rank for rank, line in enumerate(ORDER) for room in line.split()}
DOOR = "rnnforecast"  # the package itself: it names the version, and opens api only when asked (PEP 562)


class Import(NamedTuple):
    """One import that happens at run time; `top`: when the module is loaded, not when a function runs."""

    name: str
    line: int
    top: bool


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for path in sorted(ROOT.rglob("*.py")) if "sample_data" not in path.parts}


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def walk(node: ast.AST, top: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """Every node that is there at run time, and whether it runs when the module is loaded."""
    for child in ast.iter_child_nodes(node):
        if is_for_types(child):
            continue
        yield child, top
        yield from walk(child, top and not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)))


def targets_of(node: ast.AST) -> list[str]:
    """What an import statement loads: `from rnnforecast.data import scaling` loads the module, not a name."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute here"
        module = node.module or ""
        return [full if (full := f"{module}.{alias.name}") in FILES else module for alias in node.names]
    return []


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text(encoding="utf-8"))


@cache
def imports_of(name: str) -> tuple[Import, ...]:
    found = [(target, node, top) for node, top in walk(tree_of(name)) for target in targets_of(node)]
    return tuple(Import(target, node.lineno, top) for target, node, top in found)


def room_of(name: str) -> str:
    return name.split(".")[1] if "." in name else DOOR


def ours(name: str) -> list[Import]:
    """Imports within the package, but for the version that the package itself holds."""
    return [i for i in imports_of(name) if i.name.startswith(f"{DOOR}.")]


def outside(package: str, allowed: tuple[str, ...], top_only: bool = False) -> list[str]:
    """Where `package` is imported though the module is not in one of the `allowed` rooms."""
    return [
        f"{name} line {i.line}"
        for name in FILES
        if not name.startswith(allowed)
        for i in imports_of(name)
        if i.name.split(".")[0] == package and (i.top or not top_only)
    ]


def test_every_file_has_its_place_in_the_order() -> None:
    assert {room_of(name) for name in FILES} == {*RANK, DOOR}


def test_a_room_imports_only_from_rooms_to_its_left() -> None:
    wrong = [
        f"{name} line {i.line} imports {i.name}"
        for name in FILES
        if name != DOOR
        for i in ours(name)
        if (theirs := room_of(i.name)) != room_of(name) and RANK[theirs] >= RANK[room_of(name)]
    ]
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {name: {i.name for i in ours(name)} for name in FILES if name != DOOR}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")
    assert set(order) >= set(graph)


def test_the_package_itself_loads_nothing_of_the_house_when_imported() -> None:
    assert [i.name for i in ours(DOOR) if i.top] == ["rnnforecast.version"]
    assert {room_of(i.name) for i in ours(DOOR)} == {"api", "version"}


def test_only_main_imports_the_command_line() -> None:
    importers = {room_of(name) for name in FILES for i in imports_of(name) if room_of(i.name) == "cli"}
    assert importers == {"cli", "__main__"}


def test_torch_is_imported_at_module_top_in_training_alone_and_nowhere_else_at_all() -> None:
    assert outside("torch", ("rnnforecast.training",)) == []
    assert any(i.name == "torch" for i in imports_of("rnnforecast.training.learn"))


def test_pandas_is_imported_where_frames_come_and_go_and_never_at_module_top() -> None:
    assert outside("pandas", ("rnnforecast.api", "rnnforecast.data.frame")) == []
    assert outside("pandas", (), top_only=True) == []


def test_rich_and_typer_are_imported_in_the_command_line_alone() -> None:
    assert outside("rich", ("rnnforecast.cli",)) == []
    assert outside("typer", ("rnnforecast.cli",)) == []


def test_pyarrow_is_imported_inside_functions_only() -> None:
    assert outside("pyarrow", (), top_only=True) == []


def test_the_network_is_written_for_any_arrays_and_imports_neither_numpy_nor_torch() -> None:
    rooms = [name for name in FILES if room_of(name) == "network"]
    used = {i.name.split(".")[0] for name in rooms for i in imports_of(name)}
    assert used & {"numpy", "torch", "pandas"} == set()
    assert len(rooms) > 5


# config reads the one line that each file of our own folders says of itself, since importing them may load torch
EDGES = (
    "rnnforecast.data.formats", "rnnforecast.atomic", "rnnforecast.checkpoint", "rnnforecast.cli", "rnnforecast.config"
)  # fmt: skip
OPENERS = ("open", "read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "unlink", "touch", "rename")


def called(node: ast.AST) -> str:
    function = node.func if isinstance(node, ast.Call) else None
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def test_the_core_opens_no_files() -> None:
    wrong = [
        f"{name} line {node.lineno}: {called(node)}"
        for name in FILES
        if not name.startswith(EDGES)
        for node, _ in walk(tree_of(name))
        if called(node) in OPENERS
    ]
    assert wrong == []


def test_the_core_never_prints_nor_touches_the_streams() -> None:
    streams = ("stdout", "stderr", "stdin")
    wrong = [
        f"{name} line {node.lineno}"
        for name in FILES
        if not name.startswith("rnnforecast.cli")
        for node, _ in walk(tree_of(name))
        if called(node) in ("print", "input", "getLogger", "warn")
        or (isinstance(node, ast.Attribute) and node.attr in streams and name != "rnnforecast.data.formats")
    ]
    assert wrong == []


def test_importing_the_package_loads_neither_numpy_nor_pandas_nor_torch() -> None:
    code = "import rnnforecast, sys; sys.stdout.write(' '.join(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    assert {"torch", "pandas", "numpy", "pyarrow", "typer"}.isdisjoint(found)
    assert "rnnforecast" in found

"""The floors of the house: a file imports only from lower floors."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("analysis", "drivers", "procedures", "acquire")
ALLOWED = {
    "analysis": {"analysis"},
    "drivers": {"drivers"},
    "procedures": {"analysis", "drivers", "procedures"},
    "acquire": set(FLOORS),
}
QT = {"PyQt5", "PyQt6", "PySide2", "PySide6", "pyqtgraph", "qtpy"}
FORBIDDEN = {
    "analysis": QT
    | {"pyvisa", "pymeasure", "time", "pathlib", "os", "io", "threading", "datetime", "pandas", "matplotlib"},
    "drivers": QT,
    "procedures": QT,
    "acquire": set(),
}
FILES = [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write the whole path of an import"
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_from_lower_floors(path):
    floor = path.relative_to(ROOT).parts[0]
    names = imported(path)
    assert (names & set(FLOORS)) <= ALLOWED[floor]
    assert not names & FORBIDDEN[floor]


def test_only_the_window_knows_qt():
    outside = [path for path in (ROOT / "acquire").rglob("*.py") if "window" not in path.parts]
    assert [path.name for path in outside if imported(path) & QT] == []


FORBIDDEN_CALLS = {"eval", "exec", "__import__"}
FORBIDDEN_MODULES = {"pickle", "dill", "cloudpickle", "shelve", "marshal"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_run_that_a_file_brings(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not imported(path) & FORBIDDEN_MODULES
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & FORBIDDEN_CALLS
    assert "yaml.load(" not in path.read_text(encoding="utf-8")

"""The packages import each other in one direction only, and heavy libraries stay where they belong."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "taxonomy": {"taxonomy"},
    "ingest": {"ingest", "taxonomy"},
    "store": {"store", "taxonomy"},
    "ui": {"ui", "store", "ingest", "taxonomy"},
}
TAXONOMY_LIBRARIES = {"networkx", "numpy", "ftfy"}  # ftfy: the repair of broken Unicode in taxonomy.text
BY_FILE = {"skos.py": {"rdflib"}, "skos_reading.py": {"rdflib"}}  # RDF is theirs alone, loaded when asked
LAZY_IN_UI = {"rdflib", "torch", "transformers", "streamlit", "openvino", "sklearn", "hdbscan"}
FILES = [path for package in ALLOWED for path in sorted((ROOT / package).rglob("*.py"))]


def imported(path: Path) -> Iterator[str]:
    """Top-level names of all modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_packages_import_downwards_only(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]

    ours = {name for name in imported(path) if name in ALLOWED}

    assert ours <= ALLOWED[package]


@pytest.mark.parametrize(
    "path", [path for path in FILES if "taxonomy" in path.parts], ids=lambda path: path.name
)
def test_the_tree_needs_no_library_but_numpy_and_networkx(path: Path) -> None:
    foreign = {name for name in imported(path) if name not in sys.stdlib_module_names and name not in ALLOWED}

    assert foreign <= TAXONOMY_LIBRARIES | BY_FILE.get(path.name, set())


def test_wiring_and_the_command_line_load_no_model_library() -> None:
    import subprocess

    code = f"import ui.cli.main, sys; print(sorted({LAZY_IN_UI} & sys.modules.keys()))"

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout

    assert loaded.strip() == "[]"


def test_there_is_no_package_beside_the_four() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert packages - {"tests"} == set(ALLOWED)

"""The shape of the code base: who may import whom, and how large a module may grow."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("store", "memory", "benchmarks")  # installed as remem.store, remem, remem.benchmarks
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
PACKAGES = [path for path in MODULES if path.name == "__init__.py"]
CLAUSE = re.compile(r"(Whether|Who|Whose|Whom|What|How|Which|Where|When|Why)(ever)?\b")
HEAVY = ("torch", "transformers", "sentence_transformers", "accelerate", "gguf")


def named(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=[str(p.relative_to(ROOT)) for p in paths])


def imported(path: Path) -> Iterator[str]:
    """Top-level names of all imports in a module, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).partition(".")[0]


def docstrings(path: Path) -> Iterator[str]:
    """All strings of a module that are statements."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield text


def test_folders_import_one_way() -> None:
    # In a process of its own, because it turns off all loggers that there are.
    check = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", check, "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@named(MODULES)
def test_modules_stay_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 600


@named(MODULES)
def test_docstrings_begin_with_a_noun_or_an_imperative(path: Path) -> None:
    # Also those under constants and fields, which Python does not keep.
    hidden = [text for text in docstrings(path) if CLAUSE.match(text)]
    assert hidden == []


@named(PACKAGES)
def test_packages_say_what_they_export(path: Path) -> None:
    statements = ast.parse(path.read_text("utf-8")).body
    assigned = {ast.unparse(node.targets[0]) for node in statements if isinstance(node, ast.Assign)}
    only_a_docstring = all(isinstance(node, ast.Expr) for node in statements)
    assert "__all__" in assigned or only_a_docstring


@named(PACKAGES)
def test_packages_say_what_is_in_them(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


def test_the_store_needs_no_model() -> None:
    for path in (ROOT / "store").rglob("*.py"):
        assert not set(HEAVY) & set(imported(path)), path


def test_one_module_knows_faiss() -> None:
    # Benchmarks compare with faiss itself, so they may.
    users = [path for path in MODULES if "faiss" in imported(path)]
    inside = [str(path.relative_to(ROOT)) for path in users if "benchmarks" not in path.parts]
    assert inside == ["store/embedded/vectors.py"]


def test_only_the_contract_knows_pytest() -> None:
    users = {path.parent for path in MODULES if "pytest" in imported(path)}
    assert users <= {ROOT / "store" / "conformance"}


@pytest.mark.parametrize("package", ["remem", "remem.store"])
def test_importing_loads_no_model_library(package: str) -> None:
    program = f"import sys, {package}; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""

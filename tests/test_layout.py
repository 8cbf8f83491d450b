"""The shape of the code base: who may import whom, and how large a module may grow."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("store", "memory", "benchmarks")  # each may import those before it
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
HEAVY = ("torch", "transformers", "sentence_transformers", "accelerate", "gguf")

each_module = pytest.mark.parametrize(
    "path", MODULES, ids=[str(path.relative_to(ROOT)) for path in MODULES]
)


def imported(path: Path) -> Iterator[str]:
    """Top-level names of all imports in a module, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import in line {node.lineno}"
            yield str(node.module).partition(".")[0]


@each_module
def test_imports_run_one_way(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    above = set(PACKAGES[PACKAGES.index(package) + 1 :])
    assert not above & set(imported(path))


@each_module
def test_modules_stay_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400


@each_module
def test_public_modules_say_what_is_public(path: Path) -> None:
    statements = ast.parse(path.read_text("utf-8")).body
    names = {
        target.id
        for node in statements
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    only_a_docstring = all(isinstance(node, ast.Expr) for node in statements)
    assert "__all__" in names or only_a_docstring or path.name == "__main__.py"


def test_the_store_needs_no_model() -> None:
    for path in (ROOT / "store").rglob("*.py"):
        assert not set(HEAVY) & set(imported(path)), path


def test_two_modules_know_faiss() -> None:
    # Benchmarks compare with faiss itself, so they may.
    users = [path for path in MODULES if "faiss" in imported(path)]
    inside = [str(path.relative_to(ROOT)) for path in users if "benchmarks" not in path.parts]
    assert inside == ["store/embedded/blocks.py", "store/embedded/coarse.py"]


def test_only_the_contract_knows_pytest() -> None:
    users = {path.parent for path in MODULES if "pytest" in imported(path)}
    assert users <= {ROOT / "store" / "conformance"}


@pytest.mark.parametrize("package", ["store", "memory"])
def test_importing_loads_no_model_library(package: str) -> None:
    program = f"import sys, {package}; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""

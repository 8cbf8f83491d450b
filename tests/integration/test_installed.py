"""What an installation gives to a program that has modules of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import remem

OWN = ("memory.py", "store/__init__.py", "benchmarks/__init__.py", "tests/__init__.py")
REMEMBERS = """
from remem import F, Memory
from remem.store import Record, open_store
from remem.testing import HashEncoder

with Memory("kept.remem", encoder=HashEncoder()) as kept:
    kept.add("The spare key is under the pot.")
    print(kept.search("Where is the spare key?")[0].record.text)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A program's folder, in which names that this checkout has are its own."""
    for name in OWN:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("raise RuntimeError('this is the module of the shop')\n")
    return tmp_path


def run(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "REMEM_ENCODER": "hash", "REMEM_STORE": "kept.remem"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_remem_is_imported_beside_modules_called_memory_and_store(shop: Path) -> None:
    (shop / "remembers.py").write_text(REMEMBERS)
    assert run(shop, "remembers.py") == "The spare key is under the pot.\n"


def test_the_module_is_the_command(shop: Path) -> None:
    run(shop, "-m", "remem", "add", "The spare key is under the pot.")
    assert "under the pot" in run(shop, "-m", "remem", "search", "where is the spare key")
    assert run(shop, "-m", "remem", "--version") == f"remem {version('remem')}\n"
    assert "recall" in run(shop, "-m", "remem.benchmarks", "--help")


def test_the_package_knows_its_version() -> None:
    assert remem.__version__ == version("remem")

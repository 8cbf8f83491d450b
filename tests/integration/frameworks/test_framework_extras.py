"""An adapter without its framework says what to install; remem itself needs none of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

_WITHOUT = """
import sys
sys.modules[{package!r}] = None  # as if it were not installed
from remem.store.errors import MissingDependency
try:
    import remem.attach.frameworks.{adapter}
except MissingDependency as error:
    print(error)
"""


def printed(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("adapter", "package"),
    [
        ("langchain", "langchain_core"),
        ("langgraph", "langgraph"),
        ("llamaindex", "llama_index"),
        ("agents", "agents"),
    ],
)
def test_an_adapter_without_its_framework_names_the_extra(adapter: str, package: str) -> None:
    said = printed(_WITHOUT.format(package=package, adapter=adapter))
    assert said.endswith(f"pip install 'remem[{adapter}]'")


def test_the_facade_of_mem0_needs_no_mem0() -> None:
    program = _WITHOUT.format(package="mem0", adapter="mem0")
    assert printed(f"{program}\nprint('there')") == "there"


def test_remem_imports_no_framework() -> None:
    names = ["langchain_core", "langgraph", "llama_index", "agents", "mem0"]
    program = f"import sys, remem.memory; print(*{names!r} & sys.modules.keys())"
    assert printed(program.replace("*[", "*{").replace("] &", "} &")) == ""

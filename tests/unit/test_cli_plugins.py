"""Commands that other packages add: here, packages made on the spot."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from remem.cli import main

GREETING = """
import click

@click.command()
@click.argument("name")
def greet(name):
    '''Greet somebody.'''
    click.echo(f"Hello, {name}")

text = "not a command"
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Installs a package with a module ``greeting_plugin`` and one entry point."""

    def make(entry: str, source: str = GREETING) -> None:
        metadata = tmp_path / "greeting_plugin-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Name: greeting-plugin\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[remem.commands]\n{entry}\n")
        (tmp_path / "greeting_plugin.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "greeting_plugin", raising=False)

    return make


Install = Callable[..., None]
Capture = pytest.CaptureFixture[str]


def test_a_package_can_add_a_command(install: Install, capsys: Capture) -> None:
    install("greet = greeting_plugin:greet")
    assert main(["greet", "Ana"]) == 0
    assert capsys.readouterr().out == "Hello, Ana\n"


def test_an_added_command_is_listed_after_remems_own(install: Install, capsys: Capture) -> None:
    install("greet = greeting_plugin:greet")
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out
    assert listed.index("completion") < listed.index("greet ") < listed.index("Greet somebody.")


def test_no_package_takes_the_place_of_one_of_remems_own(install: Install, capsys: Capture) -> None:
    install("search = greeting_plugin:greet")
    assert main(["search", "--help"]) == 0
    assert "Greet" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("entry", "source"),
    [
        ("greet = greeting_plugin:greet", "raise RuntimeError('out of order')"),
        ("greet = greeting_plugin:missing", GREETING),
        ("greet = greeting_plugin:text", GREETING),
    ],
)
def test_a_broken_package_breaks_nothing_else(
    install: Install, capsys: Capture, entry: str, source: str
) -> None:
    install(entry, source)
    assert main(["--help"]) == 0
    assert "Cannot be loaded" in capsys.readouterr().out
    assert main(["greet", "Ana", "--loud"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("remem: 'remem greet' cannot be loaded")
    assert said.count("\n") == 1


def test_an_unknown_command_is_still_unknown(capsys: Capture) -> None:
    assert main(["gret"]) == 2
    assert "No such command" in capsys.readouterr().err


def test_help_imports_nothing_that_a_benchmark_needs() -> None:
    program = (
        "import sys; from remem.cli import main; main(['--help']);"
        "print(*{'ir_measures', 'scipy', 'matplotlib', 'faiss', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "bench " in done.stdout
    assert done.stdout.splitlines()[-1] == ""


def test_a_benchmark_without_its_packages_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['ir_measures'] = None\n"
        "from remem.cli import main; sys.exit(main(['bench', 'recall']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert "pip install 'remem[bench]'" in done.stderr
    assert done.stderr.count("\n") == 1

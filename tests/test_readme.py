"""The README is run: its Python, its console examples, and that nothing is missing from it."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from remem import Memory
from remem.benchmarks.__main__ import main as bench
from remem.cli import main
from remem.cli.app import program
from tests.openai_upstream import upstream
from tests.serving import served

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
READMES = ("README.md", "README.zh.md")


def blocks(language: str, page: str = "README.md") -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def masked(text: str) -> str:
    """Text with single spaces, and without scores: they depend on the processor a little."""
    return " ".join(re.sub(r"\b[01]\.\d\d\b", "0.00", text).split())


@pytest.fixture
def roads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An OpenAI for the examples to ask, and a ``remem serve`` in front of it; yields its URL."""
    from remem.serve.app import create_app
    from remem.serve.settings import ServeSettings

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "of the examples")
    monkeypatch.setenv("REMEM_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("REMEM_STORE", str(tmp_path / "friends.remem"))
    for name in ("REMEM_NAMESPACE", "REMEM_ENCODER", "REMEM_RERANKER", "REMEM_GENERATOR"):
        monkeypatch.delenv(name, raising=False)
    with (
        upstream() as openai,
        Memory("served.remem") as memory,
        served(create_app(memory, ServeSettings(upstream=openai.url))) as url,
    ):
        monkeypatch.setenv("OPENAI_BASE_URL", openai.url)
        yield url


@pytest.mark.model
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the frameworks, among themselves
def test_the_python_examples_run(roads: str, capsys: pytest.CaptureFixture[str]) -> None:
    for block in blocks("python"):  # each stands alone
        here = block.replace("http://127.0.0.1:8377", roads)
        exec(compile(here, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "The boiler is serviced in May." in printed
    assert "I only drink decaf after noon." in printed
    assert main(["ask", "--namespace", "nora", "Where is the spare key?"]) == 0
    assert "at the bakery" in capsys.readouterr().out  # the command line shares the store


@pytest.mark.model
def test_the_python_of_the_chinese_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    [block] = blocks("python", "README.zh.md")
    exec(compile(block, "README.zh.md", "exec"), {})
    told = "备用钥匙在面包店柜台后面的铁罐里。"
    assert capsys.readouterr().out.count(told) == 2  # found, and in the block


def test_the_readmes_link_to_each_other_in_their_first_line() -> None:
    for page, other in (READMES, READMES[::-1]):
        first = (ROOT / page).read_text(encoding="utf-8").splitlines()[0]
        assert f"]({other})" in first


@pytest.mark.parametrize("page", READMES)
def test_every_file_that_a_readme_links_to_exists(page: str) -> None:
    linked = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    assert linked
    assert [name for name in linked if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("block", blocks("python")[1:])
def test_a_road_takes_ten_lines_at_most(block: str) -> None:
    assert len(block.splitlines()) <= 10


@pytest.mark.model
@pytest.mark.parametrize("page", READMES)
def test_the_console_examples_print_what_they_show(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("REMEM_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("REMEM_CONFIG", str(tmp_path / "config.toml"))
    for name in ("REMEM_NAMESPACE", "REMEM_ENCODER", "REMEM_RERANKER", "REMEM_GENERATOR"):
        monkeypatch.delenv(name, raising=False)
    examples = re.findall(
        r"^\$ remem (.*)\n((?:(?!\$).*\n)*)", "".join(blocks("console", page)), re.M
    )
    assert len(examples) > 3
    for command, shown in examples:
        assert main(shlex.split(command)) == 0, command
        printed = masked(capsys.readouterr().out)
        for part in shown.split("..."):
            assert masked(part) in printed, command


@pytest.mark.parametrize("name", sorted(program.commands))
def test_every_command_is_in_the_readme(name: str) -> None:
    assert f"`remem {name}" in README


@pytest.mark.parametrize("page", [*READMES, "benchmarks/README.md"])
def test_every_benchmark_that_a_readme_names_exists(page: str) -> None:
    named = re.findall(r"remem bench ([a-z]+)", (ROOT / page).read_text(encoding="utf-8"))
    assert named
    assert set(named) <= set(bench.list_commands(click.Context(bench)))


def test_every_benchmark_is_in_the_readme_of_the_benchmarks() -> None:
    text = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert "`remem bench " in README
    for name in bench.list_commands(click.Context(bench)):
        assert f"`remem bench {name}" in text


PROMISED = README + (ROOT / "tests" / "README.md").read_text(encoding="utf-8")


def below(path: str) -> list[str]:
    """The tests in a file or folder, each behind its file and classes, as ``-k`` knows it."""
    place = ROOT / path
    files = [place] if place.is_file() else [*place.rglob("test_*.py")]
    if path == "tests/conformance":  # whose classes inherit their tests
        files += (ROOT / "store" / "conformance").glob("*.py")
    return [test for file in files for test in inside(file)]


@cache
def inside(file: Path) -> list[str]:
    def of(body: list[ast.stmt], above: str) -> Iterator[str]:
        for each in body:
            if isinstance(each, ast.ClassDef):
                yield from of(each.body, f"{above}::{each.name}")
            elif isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield f"{above}::{each.name}"

    named = of(ast.parse(file.read_text(encoding="utf-8")).body, file.name)
    return [test for test in named if "::test_" in test]


def runs_tests(command: str) -> bool:
    """True if each path of a command holds tests, and some for each of its words."""
    paths, _, words = command.removeprefix("pytest ").partition(" -k ")
    for path in paths.split():
        there = below(path)
        wanted = words.strip('"').split(" or ")
        if not there or not all(any(word in test for test in there) for word in wanted):
            return False
    return True


def test_a_promise_names_a_command_that_runs_tests() -> None:
    named = set(re.findall(r"`(pytest tests.*?)`", PROMISED))
    assert named
    assert [command for command in named if not runs_tests(command)] == []


@pytest.mark.parametrize(
    "command",
    [
        "pytest tests/integration/test_nothing.py",
        "pytest tests/crash tests/data",
        'pytest tests/conformance -k "namespace or nonsense"',
        "pytest tests/unit/test_dates.py -k namespace",
    ],
)
def test_a_command_that_runs_no_tests_is_told_from_others(command: str) -> None:
    assert not runs_tests(command)


def test_the_ci_runs_the_readme_s_test_command_and_no_other(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_bytes((ROOT / ".ci" / "run").read_bytes())
    (tmp_path / "README.md").write_text("```sh\n# test: words\necho this is it\n```\n")
    run = ["sh", str(tmp_path / ".ci" / "run")]
    assert subprocess.run(run, check=True, capture_output=True, text=True).stdout.endswith(
        "\nthis is it\n"
    )
    (tmp_path / "README.md").write_text("```sh\n# test: words\nfalse && echo this is it\n```\n")
    assert subprocess.run(run, capture_output=True).returncode == 1
    (tmp_path / "README.md").write_text("nothing\n")
    failed = subprocess.run(run, capture_output=True, text=True)
    assert failed.returncode == 1
    assert "no command" in failed.stderr


def test_every_page_beside_the_code_that_the_readme_names_is_there() -> None:
    named = set(re.findall(r"`([\w/]+/README\.md)`", README))
    assert {"tests/README.md", "memory/serve/README.md", "benchmarks/README.md"} <= named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_first_screen_answers_what_a_new_user_asks() -> None:
    first = README.partition("## What it does")[0]
    for asked in ("Where is my data?", "back it up?", "remove everything?", "call home?"):
        assert asked in first
    assert len(first.splitlines()) <= 45


def test_the_set_up_commands_are_one_line_each() -> None:
    lines = blocks("sh")[0].splitlines()
    assert [line.split(":")[0] for line in lines[::2]] == ["# run", "# test"]
    for command in lines[1::2]:
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
        assert subprocess.run(["sh", "-n", "-c", command]).returncode == 0

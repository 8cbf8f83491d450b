"""The command as a process: start-up, terminals, pipes and signals."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.remem_process import REMEM


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "CI")}
    return {
        **plain,
        "REMEM_STORE": str(tmp_path / "store"),
        "REMEM_ENCODER": "hash",
        "TERM": "xterm-256color",
    }


def on_a_terminal(arguments: Sequence[str], environment: dict[str, str]) -> str:
    """What ``remem ARGUMENTS`` writes to a terminal of its own."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*REMEM, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        written = b""
        try:
            while block := os.read(ours, 4096):
                written += block
        except OSError:
            pass  # Linux reports the end of a terminal's other side as an error.
        os.close(ours)
    assert process.returncode == 0, written
    return written.decode()


def test_colour_is_for_terminals_that_want_it(environment: dict[str, str]) -> None:
    subprocess.run([*REMEM, "add", "The kiln broke."], env=environment, check=True)
    search = ["search", "kiln"]
    assert "\x1b[1;33mkiln\x1b[0m" in on_a_terminal(search, environment)
    assert "\x1b[1;33m" not in on_a_terminal(search, {**environment, "NO_COLOR": "1"})
    piped = subprocess.run([*REMEM, *search], env=environment, check=True, capture_output=True)
    assert b"\x1b" not in piped.stdout


def test_looking_at_a_store_loads_no_model_library(environment: dict[str, str]) -> None:
    subprocess.run([*REMEM, "add", "The kiln broke.", "--key", "k"], env=environment, check=True)
    code = (
        "import sys; from remem.cli import main; code = main(sys.argv[1:]); "
        "sys.exit(code or any(name in sys.modules for name in ('torch', 'transformers')))"
    )
    # Nor need they be told which encoder the store was made with.
    del environment["REMEM_ENCODER"]
    for command in (["--help"], ["stats"], ["sources"], ["show", "k"], ["verify"], ["export"]):
        subprocess.run([sys.executable, "-c", code, *command], env=environment, check=True)


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_a_closed_stream_stops_nothing(environment: dict[str, str], closed: str) -> None:
    command = f"{shlex.join([*REMEM, 'add', 'The kiln broke.'])} {closed}"
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert records(environment) == 1


def test_an_interrupt_while_it_starts_is_as_quiet_as_later() -> None:
    code = (
        "import sys, remem.cli\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name in ('click', 'numpy'): raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "sys.exit(remem.cli.main(['stats']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        130,
        "remem: stopped; what was acknowledged is stored\n",
    )


def test_a_reader_that_stops_early_sees_no_complaint(
    environment: dict[str, str], tmp_path: Path
) -> None:
    chat = tmp_path / "chat.jsonl"
    with chat.open("w") as file:
        for number in range(50):
            message = {"role": "user", "content": f"{number} " + "word " * 2000}
            file.write(json.dumps({"session": f"s{number}", "messages": [message]}) + "\n")
    subprocess.run([*REMEM, "import", str(chat)], env=environment, check=True, capture_output=True)
    with subprocess.Popen(
        [*REMEM, "export"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_an_interrupted_import_keeps_what_is_stored_and_goes_on_when_run_again(
    environment: dict[str, str], tmp_path: Path
) -> None:
    turns = 6_000
    chat = tmp_path / "chat.jsonl"
    with chat.open("w") as file:
        for number in range(turns):
            message = {"role": "user", "content": f"Message {number} of a long conversation"}
            file.write(json.dumps({"session": f"s{number}", "messages": [message]}) + "\n")
    command = [*REMEM, "import", str(chat)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        wait_for_records(environment)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130
    assert "the same command goes on where it stopped" in said
    assert "Traceback" not in said
    assert 0 < records(environment) < turns
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert records(environment) == turns


def wait_for_records(environment: dict[str, str]) -> None:
    while not records(environment):
        pass


def records(environment: dict[str, str]) -> int:
    """How many records another process sees in the store; 0 before there is one."""
    printed = subprocess.run([*REMEM, "stats", "--json"], env=environment, capture_output=True)
    return sum(json.loads(printed.stdout)["records"].values()) if printed.returncode == 0 else 0

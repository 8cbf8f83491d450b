"""``remem chat`` as somebody at a terminal meets it: line editing, Ctrl-C, Ctrl-D, history."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.openai_upstream import upstream
from tests.remem_process import REMEM

pty = pytest.importorskip("pty")
pytest.importorskip("openai")

PROMPT = "you> "
CTRL_D = "\x04"
UP = "\x1b[A"


class Terminal:
    """Somebody who types, and reads what appears."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self.process = process
        self._descriptor = descriptor
        self._seen = ""

    def see(self, text: str) -> str:
        """What appears up to and including a text."""
        while text not in self._seen:
            self._seen += os.read(self._descriptor, 4096).decode()
        before, found, self._seen = self._seen.partition(text)
        return before + found

    def type(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    def say(self, line: str) -> str:
        """Type a line and wait for the next prompt; returns what appeared."""
        self.type(f"{line}\n")
        return self.see(PROMPT)

    def end(self) -> int:
        self.type(CTRL_D)
        return self.process.wait(60)


class Remem:
    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    @contextmanager
    def chat(self, *options: str) -> Iterator[Terminal]:
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [*REMEM, "chat", *options],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=self.environment,
        ) as process:
            os.close(theirs)
            terminal = Terminal(process, ours)
            try:
                terminal.see(PROMPT)
                yield terminal
            finally:
                process.kill()
                os.close(ours)

    def texts(self) -> list[str]:
        done = subprocess.run(
            [*REMEM, "export"], env=self.environment, capture_output=True, check=True
        )
        lines = map(json.loads, done.stdout.decode().splitlines())
        return [line["text"] for line in lines if "text" in line]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "data" / "remem-chat-history"


@pytest.fixture
def remem(tmp_path: Path) -> Remem:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("REMEM_")}
    return Remem(
        {
            **plain,
            "REMEM_STORE": str(tmp_path / "store"),
            "REMEM_ENCODER": "hash",
            "REMEM_GENERATOR": "echo",
            "XDG_DATA_HOME": str(tmp_path / "data"),
            "INPUTRC": os.devnull,
            "TERM": "dumb",
        }
    )


def test_ctrl_c_during_an_answer_stops_it_stores_nothing_and_says_so(remem: Remem) -> None:
    with upstream(answer="one two three four five six") as server:
        remem.environment["REMEM_GENERATOR"] = f"{server.url}#stub"
        with remem.chat() as terminal:
            server.goes_on.clear()
            terminal.type("Count!\n")
            terminal.see("one two")
            terminal.process.send_signal(signal.SIGINT)
            assert "stopped; nothing of this exchange is remembered" in terminal.see(PROMPT)
            assert server.left.wait(60)
            server.goes_on.set()
            assert "one two three four five six" in terminal.say("Count again!")
            assert terminal.end() == 0
        assert len(server.received[-1].json["messages"]) == 1  # the model does not read it again
    assert remem.texts() == ["Count again!", "one two three four five six"]


def test_ctrl_c_while_nothing_is_answered_ends_the_chat(remem: Remem) -> None:
    with remem.chat() as terminal:
        terminal.process.send_signal(signal.SIGINT)
        terminal.type(
            "\n"
        )  # one that comes just when the prompt appears is heard with the next key
        assert terminal.process.wait(60) == 130


def test_ctrl_d_ends_the_chat(remem: Remem) -> None:
    with remem.chat() as terminal:
        terminal.say("Hello")
        assert terminal.end() == 0


def test_a_wrong_command_does_not_end_the_chat(remem: Remem) -> None:
    with remem.chat() as terminal:
        assert "there is no command /nope" in terminal.say("/nope")
        assert "user: Hello" in terminal.say("Hello")


def test_lines_can_be_edited_and_had_again_in_the_next_chat(remem: Remem) -> None:
    with remem.chat() as terminal:
        terminal.say("Hello there")
        assert terminal.end() == 0
    with remem.chat() as terminal:
        terminal.type(UP)
        terminal.see("Hello there")
        assert "user: Hello again" in terminal.say("\b\b\b\b\bagain")


def test_the_history_is_for_its_owner_only(remem: Remem, history: Path) -> None:
    with remem.chat() as terminal:
        terminal.say("Hello")
    assert history.read_text("utf-8") == "Hello\n"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600


def test_without_history_nothing_that_is_typed_is_kept(remem: Remem, history: Path) -> None:
    with remem.chat("--no-history") as terminal:
        terminal.say("Hello")
        terminal.type(UP)
        terminal.see("Hello")  # within the chat, there are arrow keys all the same
    assert not history.exists()


def test_what_is_forgotten_leaves_the_history(remem: Remem, history: Path) -> None:
    with remem.chat() as terminal:
        terminal.say("Hello")
        terminal.say("The password is tulip.")
        assert "2 records forgotten." in terminal.say("/forget last")
        assert history.read_text("utf-8") == "Hello\n/forget last\n"
    assert remem.texts() == ["Hello", "user: Hello"]


def test_with_json_no_prompt_gets_between_the_lines(remem: Remem) -> None:
    done = subprocess.run(
        [*REMEM, "chat", "--json"],
        input=b"Hello\n",
        env=remem.environment,
        capture_output=True,
        check=True,
    )
    (line,) = done.stdout.decode().splitlines()
    assert json.loads(line)["question"] == "Hello"

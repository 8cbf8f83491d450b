"""``remem chat`` with its lines piped in: what it prints, remembers and refuses.

Each call opens the store anew, so everything here also holds across a restart.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import Outcome, command_line
from tests.openai_upstream import upstream

pytest.importorskip("openai")


Chat = Callable[..., Outcome]


@pytest.fixture
def remem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Chat:
    """Runs ``remem ARGUMENTS...`` with lines to read."""
    monkeypatch.setenv("REMEM_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("REMEM_ENCODER", "hash")
    monkeypatch.setenv("REMEM_GENERATOR", "echo")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("REMEM_CONFIG", str(tmp_path / "config.toml"))
    for name in ("REMEM_NAMESPACE", "REMEM_RERANKER"):
        monkeypatch.delenv(name, raising=False)

    remem = command_line(monkeypatch, capsys)

    def run(*arguments: str, typed: tuple[str, ...] = ()) -> Outcome:
        return remem(*arguments, stdin="".join(f"{line}\n" for line in typed))

    return run


@pytest.fixture
def chat(remem: Chat) -> Chat:
    """Runs ``remem chat`` with lines that are typed."""

    def run(*typed: str, options: tuple[str, ...] = ()) -> Outcome:
        return remem("chat", *options, typed=typed)

    return run


def exported(remem: Chat) -> list[tuple[str, str]]:
    return [(line["source"], line["text"]) for line in remem("export").lines if "text" in line]


# Exchanges ---------------------------------------------------------------------------------------


def test_memories_are_shown_before_the_answer(chat: Chat) -> None:
    chat("My bicycle is green.")
    shown = chat("What colour is my bicycle?").out.splitlines()
    assert shown[0].startswith("  ")
    assert shown[0].endswith("My bicycle is green.")
    assert any(line.startswith("user: The memories below") for line in shown[1:])


def test_with_json_an_exchange_is_a_line(chat: Chat) -> None:
    chat("My bicycle is green.", options=("--session", "monday"))
    said = chat("What colour is my bicycle?", options=("--session", "tuesday", "--json"))
    (exchange,) = said.lines
    assert exchange["session"] == "tuesday"
    assert exchange["question"] == "What colour is my bicycle?"
    assert "My bicycle is green." in [each["record"]["text"] for each in exchange["memories"]]
    assert exchange["answer"].endswith("What colour is my bicycle?")
    assert exchange["problem"] is None


def test_with_json_a_command_is_a_line_too(chat: Chat) -> None:
    said = chat("/pin Nora is vegan.", "/recall vegan", "/session", options=("--json",))
    assert [line["command"] for line in said.lines] == ["/pin", "/recall", "/session"]
    assert said.lines[1]["memories"][0]["record"]["text"] == "Nora is vegan."


def test_a_session_goes_on_where_it_ended(chat: Chat, remem: Chat) -> None:
    chat("My bicycle is green.", options=("--session", "garden"))
    again = chat("Really green.", options=("--session", "garden"))
    assert "user: My bicycle is green.\n\nassistant: " in again.out
    assert [source for source, _ in exported(remem)] == ["garden"] * 4


def test_without_a_name_every_chat_is_a_session_of_its_own(chat: Chat, remem: Chat) -> None:
    chat("Hello")
    chat("Hello")
    assert len({source for source, _ in exported(remem)}) == 2


def test_empty_lines_say_nothing(chat: Chat, remem: Chat) -> None:
    assert chat("", "   ").out == ""
    assert exported(remem) == []


def test_quit_ends_the_chat(chat: Chat, remem: Chat) -> None:
    assert chat("/quit", "Hello").code == 0
    assert exported(remem) == []


def test_a_message_may_begin_with_a_slash_after_a_space(chat: Chat, remem: Chat) -> None:
    chat(" /etc is a folder", options=("--session", "s"))
    assert exported(remem)[0] == ("s", "/etc is a folder")


def test_commands_are_not_remembered(chat: Chat, remem: Chat) -> None:
    chat("/help", "/recall dog", "/session", "/pin")
    assert exported(remem) == []


def test_what_was_forgotten_is_in_no_file(chat: Chat, tmp_path: Path) -> None:
    chat("Hello", "The password is hyacinth.", "/forget last")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"hyacinth" in path.read_bytes()]


def test_what_was_pinned_is_in_the_prompt_of_the_next_chat(chat: Chat) -> None:
    chat("/pin Answer in French.")
    assert "Answer in French." in chat("Hello").out


def test_nothing_that_is_piped_in_is_kept_in_the_history(chat: Chat, tmp_path: Path) -> None:
    chat("Hello")
    assert not (tmp_path / "data").exists()


# Failures ----------------------------------------------------------------------------------------


def test_a_wrong_command_is_one_sentence_and_the_chat_goes_on(chat: Chat) -> None:
    said = chat("/nope", "Hello")
    assert said.err == (
        "remem: there is no command /nope; /help lists them, "
        "and a message may begin with / after a space\n"
    )
    assert "user: Hello" in said.out
    assert said.code == 1


def test_a_model_that_fails_is_one_sentence_and_nothing_is_remembered(
    chat: Chat, remem: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    with upstream(refuses=(404, {"error": {"message": "no such model"}})) as server:
        monkeypatch.setenv("REMEM_GENERATOR", f"{server.url}#stub")
        said = chat("Hello", "/session")
    assert said.err.count("knows no model stub") == 1
    assert "The session is" in said.out
    assert said.code == 1
    assert exported(remem) == []


def test_an_answer_that_breaks_off_is_not_remembered(
    chat: Chat, remem: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    with upstream(answer="one two three four five six", breaks=True) as server:
        monkeypatch.setenv("REMEM_GENERATOR", f"{server.url}#stub")
        said = chat("Count!")
    assert "one two" in said.out
    assert said.code == 1
    assert exported(remem) == []


def test_a_memory_that_fails_does_not_end_the_chat(
    chat: Chat, remem: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    from remem.testing import HashEncoder

    def fail(*_: Any) -> None:
        raise RuntimeError("no vectors today")

    remem("add", "The dog is called Pickle.")
    monkeypatch.setattr(HashEncoder, "encode_query", fail)
    said = chat("What is the dog called?")
    assert "user: What is the dog called?" in said.out
    assert "remem: nothing could be recalled: RuntimeError: no vectors today" in said.err


@pytest.mark.parametrize("option", ["-k", "--budget"])
def test_limits_are_one_or_more(chat: Chat, option: str) -> None:
    assert chat("Hello", options=(option, "0")).code == 2

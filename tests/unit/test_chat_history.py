"""The lines that were typed in earlier chats."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from remem.cli.chat import History, forget_lines

readline = pytest.importorskip("readline")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "history"


def lines(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines()


def in_the_editor() -> list[str]:
    return [readline.get_history_item(n + 1) for n in range(readline.get_current_history_length())]


def test_lines_are_there_in_the_next_chat(file: Path) -> None:
    first = History(file)
    first.add("Hello")
    first.add("Wie geht es, Müller?")
    History(file)
    assert in_the_editor() == ["Hello", "Wie geht es, Müller?"]


def test_only_the_owner_reads_the_file(file: Path) -> None:
    history = History(file)
    history.add("Hello")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    history.add("The password is tulip.")
    history.forget({"Hello"})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_without_a_file_nothing_is_kept(tmp_path: Path) -> None:
    history = History(None)
    history.add("Hello")
    history.forget({"Hello"})
    assert list(tmp_path.iterdir()) == []


def test_chats_at_the_same_time_keep_each_others_lines(file: Path) -> None:
    first, second = History(file), History(file)
    threads = [
        threading.Thread(target=lambda each=each, n=n: [each.add(f"{n} {m}") for m in range(50)])
        for n, each in enumerate((first, second))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(lines(file)) == sorted(f"{n} {m}" for n in range(2) for m in range(50))


def test_the_last_thousand_lines_are_kept(file: Path) -> None:
    history = History(file)
    for n in range(1005):
        history.add(str(n))
    History(file)
    assert lines(file) == [str(n) for n in range(5, 1005)]


@pytest.mark.parametrize("typed", ["tulip", " tulip", "/pin tulip", "/recall  tulip"])
def test_what_is_forgotten_is_in_neither_file_nor_editor(file: Path, typed: str) -> None:
    History(file).add(typed)
    history = History(file)
    history.add("Hello")
    history.forget({"tulip"})
    assert lines(file) == ["Hello"]
    assert typed not in in_the_editor()


def test_a_line_that_holds_what_is_forgotten_among_other_words_goes_too(file: Path) -> None:
    history = History(file)
    history.add("Remember: the  password is\tTulip!")
    history.add("What is the password?")
    history.forget({"The password is tulip.", "..."})
    assert lines(file) == ["What is the password?"]


def test_words_of_a_script_without_spaces_are_found_in_a_line(file: Path) -> None:
    history = History(file)
    history.add("记住密码是郁金香吧")
    history.add("你好")
    history.forget({"密码是郁金香"})
    assert lines(file) == ["你好"]


def test_a_line_with_a_longer_word_stays(file: Path) -> None:
    history = History(file)
    history.add("The tulips bloom")
    history.forget({"tulip"})
    assert lines(file) == ["The tulips bloom"]


def test_the_bytes_of_what_is_forgotten_are_overwritten_on_the_disk(file: Path) -> None:
    history = History(file)
    history.add("The password is tulip.")
    history.add("Hello")
    with file.open("rb") as before:  # of the file that is replaced
        history.forget({"The password is tulip."})
        assert before.read().strip(b"\0") == b""
    assert lines(file) == ["Hello"]


def test_what_a_killed_process_left_beside_the_file_is_wiped(file: Path) -> None:
    History(file).add("Hello")
    left = file.with_name(f"{file.name}.new")
    left.write_text("The password is tulip.\n")
    with left.open("rb") as before:
        assert forget_lines(file, {"The password is tulip."}) == 0
        assert before.read().strip(b"\0") == b""
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_file_that_cannot_be_written_is_said_once_and_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").write_text("not a folder")
    history = History(tmp_path / "data" / "history")
    history.add("Hello")
    history.add("Hello")
    assert capsys.readouterr().err.count("what is typed cannot be written to") == 1


def test_a_file_of_another_encoding_stops_nothing(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"caf\xe9\nHello\n")
    History(file)
    assert in_the_editor()[-1] == "Hello"


def test_a_line_that_may_not_be_kept_is_not_written(file: Path) -> None:
    history = History(file, lambda line: "token" not in line)
    history.add("My token is 7.")
    history.add("Hello")
    assert lines(file) == ["Hello"]

"""What reaches the terminal."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from io import StringIO

import pytest
from rich.console import Console

from remem.cli.recollections import Recollections
from remem.cli.screen import (
    Paragraph,
    complain,
    print_json,
    progress_bar,
    safe,
    table,
)
from remem.recall.recollection import Recollection
from remem.store import Record
from remem.transfer import record_json

NOON = datetime(2024, 3, 17, 12, 0, tzinfo=timezone.utc)


def drawn(part: object, **options: object) -> str:
    stream = StringIO()
    Console(file=stream, **({"width": 80} | options)).print(part)  # type: ignore[arg-type]
    return stream.getvalue()


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;new title\x07after", "after"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;never ended", "]52;c;never ended"),
        ("\x1bc reset", "c reset"),
        ("\x9b31mred", "31mred"),
        ("over\rwritten\b\x07", "overwritten"),
        ("\u202egnihtemos", "gnihtemos"),
        ("half \ud800 a pair", "half  a pair"),
    ],
)
def test_a_memory_cannot_steer_the_terminal(hostile: str, shown: str) -> None:
    assert safe(hostile) == shown


@pytest.mark.parametrize("text", ["tabs\tand\nlines", "東京へ行く", "naïve 🙂 [bold]not markup[/]"])
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    assert safe(text) == text


def test_a_labelled_paragraph_has_the_whole_width_in_its_first_line_too() -> None:
    part = Paragraph("one two three four five", indent=6, label="about")
    assert drawn(part, width=20).splitlines() == ["about one two three", "      four five"]


def test_a_recollection_shows_score_date_speaker_words_and_key() -> None:
    record = Record("k:1", "s", 0, "The kiln [broke].", speaker="Nora", said_at=NOON)
    shown = drawn(Recollections([Recollection(record, 0.876, words=("kiln",))]))
    for part in ("0.88", "17 Mar 2024, 12:00", "Nora", "The kiln [broke].", "k:1"):
        assert part in shown


def test_a_name_cannot_pass_for_a_key_or_for_somebody_elses_words() -> None:
    forger = "Nora: see you.\n[8] Ravi"
    record = Record(f"s#{forger}", "s", 0, "Hello", speaker=forger)
    shown = drawn(Recollections([Recollection(record, 0.5)]), width=200)
    assert '"s#Nora꞉ see you.‹A›⟦8⟧ Ravi"' in shown
    assert "Nora:" not in shown


def test_a_cell_has_no_second_line_that_could_be_a_row() -> None:
    shown = drawn(table(("Pinned", "Key"), [("one\ntwo    k2", "k1")]))
    assert "one two k2" in shown


def test_a_problem_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    complain("no file is called x\nremem: all is well")
    assert capsys.readouterr().err == "remem: no file is called x remem: all is well\n"


def test_a_file_with_the_name_of_a_style_is_one_on_the_progress_bar(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = StringIO()
    terminal = Console(file=stream, width=80, force_terminal=True)
    monkeypatch.setattr("remem.cli.screen.errors", lambda: terminal)
    with progress_bar("[/b]notes[red].txt"):
        pass
    assert "[/b]notes[red].txt" in stream.getvalue()


def test_the_matching_words_are_marked_on_a_terminal_and_plain_elsewhere() -> None:
    found = [Recollection(Record("k", "s", 0, "The kiln broke."), 1.0, words=("kiln",))]
    assert "\x1b[1;33mkiln\x1b[0m" in drawn(Recollections(found), force_terminal=True)
    assert "\x1b" not in drawn(Recollections(found))


def test_an_explained_recollection_shows_what_its_score_is_made_of() -> None:
    record = Record("k", "s", 0, "The kiln broke.")
    parts = {"dense turn": 0.5, "text turn": 0.4}
    recollection = Recollection(record, 0.9, relevance=0.7, parts=parts, words=("kiln",))
    shown = " ".join(drawn(Recollections([recollection])).split())
    assert "relevance 0.70; meaning 0.50 + words 0.40" in shown


def test_the_parts_of_a_score_take_one_line_in_the_width_of_a_terminal() -> None:
    names = ("dense turn", "dense window", "text turn", "text window", "session", "room", "answer")
    one = Recollection(Record("k", "s", 0, "The kiln."), 0.9, 0.7, dict.fromkeys(names, 0.1))
    lines = drawn(Recollections([one]), width=100).splitlines()
    assert lines[-1].strip() == "relevance 0.70; meaning 0.20 + words 0.20 + session 0.10 …"


def test_on_a_narrow_terminal_the_words_have_its_width() -> None:
    record = Record("k:1", "s", 0, "The kiln broke. " * 9, speaker="Nora", said_at=NOON)
    lines = drawn(Recollections([Recollection(record, 0.876)]), width=60).splitlines()
    assert lines[0] == "0.88  17 Mar 2024, 12:00  Nora"
    assert all(len(line.rstrip()) <= 60 for line in lines)
    assert len(lines) < 7


def test_of_a_long_text_the_table_shows_what_is_around_the_first_match() -> None:
    text = "begin " + "word " * 5000 + "the kiln broke " + "word " * 5000 + "end"
    recollection = Recollection(Record("k", "s", 0, text), 0.9, words=("kiln",))
    shown = drawn(Recollections([recollection]))
    assert "the kiln broke" in " ".join(shown.split())
    assert "begin" not in shown
    assert len(shown) < 3000


def test_a_table_writes_numbers_and_dates_for_people() -> None:
    shown = drawn(table(("Source", "Records", "From"), [("chat", 12345, NOON), ("notes", 1, None)]))
    assert "12,345" in shown
    assert "17 Mar 2024, 12:00" in shown


def test_json_holds_every_field_of_a_record_and_survives_any_code_page(
    capsys: pytest.CaptureFixture[str],
) -> None:
    record = Record("k", "s", 0, "東京", said_at=NOON, metadata={"topic": "travel"})
    print_json(record_json(record))
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert json.loads(printed) == {
        "key": "k",
        "source": "s",
        "position": 0,
        "text": "東京",
        "kind": "turn",
        "role": None,
        "speaker": None,
        "said_at": "2024-03-17T12:00:00+00:00",
        "stored_at": None,
        "expires_at": None,
        "metadata": {"topic": "travel"},
        "superseded_by": None,
        "valid_to": None,
        "origin": "person",
    }

"""``quotes``: what is quoted for questions with gold answers, counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.quotes import OTHERS, UNANSWERABLE, Quoted, figures_of, groups_of, quoted_of
from remem.cli import main
from remem.recall.quotes import Quote
from remem.recall.recollection import Recollection
from remem.store import Record
from remem.testing import HashEncoder

DOG = Question("dog", "What is the dog called?", "names", answer="Biscuit")
CAR = Question("car", "Which car is driven?", "nobody", answerable=False)
UNKNOWN = Question("open", "What is liked?", "names")
RECORD = Record(key="k1", source="s", position=0, text="My dog is called Biscuit", speaker="Ana")


def quote(text: str) -> Quote:
    return Quote(Recollection(RECORD, 0.5), text)


def test_a_quote_is_right_with_all_words_of_the_gold_and_silence_where_nobody_said() -> None:
    asked = [
        Quoted(DOG, [quote("A dog"), quote("called Biscuit")]),
        Quoted(DOG, []),
        Quoted(CAR, []),
        Quoted(CAR, [quote("A car")]),
    ]
    groups = groups_of(asked)
    assert figures_of(groups[OTHERS]) == {
        "answer in 1": 0.0,
        "answer in 2": 0.5,
        "answer in 3": 0.5,
        "nobody said": 0.5,
        "quotes": 2.0,
    }
    assert figures_of(groups[UNANSWERABLE]) == {"nobody said": 0.5, "quotes": 1.0}


def test_questions_without_gold_and_other_conversations_are_not_asked() -> None:
    haystacks = [Haystack(name, [RECORD], [DOG, UNKNOWN, CAR]) for name in ("one", "two")]
    asked = list(quoted_of(haystacks, HashEncoder(), ["two"], None))
    assert [each.question for each in asked] == [DOG, CAR]
    assert [each.text for each in asked[0].quotes] == [RECORD.text]


def test_the_command_tells_shares_for_programs_and_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = {"role": "user", "name": "Ana", "content": RECORD.text, "session": "s"}
    question = {"question": DOG.text, "evidence": RECORD.text, "answer": "Biscuit"}
    for name, line in (("records", message), ("questions", question)):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(line) + "\n")
    command = ["bench", "quotes", "--data", str(tmp_path), "--encoder", "hash"]
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["figures"][OTHERS]["answer in 1"] == 1.0
    assert main(command) == 0
    assert "answer in 3" in capsys.readouterr().out

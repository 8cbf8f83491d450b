"""Invented lives and what a memory makes of them: the data that comes along, and its figures."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from remem.benchmarks.__main__ import main
from remem.benchmarks.datasets.base import Haystack, Question, gold_of
from remem.benchmarks.datasets.hygiene import hygiene, language_of, typed
from remem.benchmarks.datasets.invented import HALVES, LANGUAGES
from remem.benchmarks.hygiene import judged
from remem.benchmarks.measuring import HaystackResult
from remem.benchmarks.metrics import BUDGET, EVIDENCE, Outcome
from remem.benchmarks.runs import RunDatabase
from remem.cli.app import run
from remem.recall.order.echoes import RECALLED
from remem.recall.recollection import Recollection
from remem.store import InvalidInput, Record

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SHARED = {"months", "month", "dates", "again", "weekday", "numbers", "value", "persons", "told"}
"""Parts of a file that the language or the generator decides, or that only answers have."""


@pytest.fixture(scope="module")
def lives() -> list[Haystack]:
    return [life for half in HALVES for life in hygiene(half).haystacks()]


def words(half: str, language: str) -> Mapping[str, Any]:
    file = files("remem.benchmarks") / "data" / "hygiene" / half / f"{language}.toml"
    return tomllib.loads(file.read_text("utf-8"))


def sentences(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, each in value.items():
                if name not in SHARED:
                    yield from sentences(each)
        case list():
            for each in value:
                yield from sentences(each)


def questions(life: Haystack, category: str) -> list[Question]:
    return [each for each in life.questions if each.category.startswith(category)]


def test_there_are_more_than_four_hundred_cases_in_six_languages(lives: list[Haystack]) -> None:
    asked = Counter(language_of(life.namespace) for life in lives for _ in life.questions)
    assert asked.keys() == set(LANGUAGES)
    assert min(asked.values()) > 400


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_halves_have_no_sentence_name_or_value_in_common(language: str) -> None:
    tuning, test = (set(sentences(words(half, language))) for half in HALVES)
    assert tuning & test == set()


@pytest.mark.parametrize("half", HALVES)
def test_all_languages_have_the_same_parts(half: str) -> None:
    assert len({frozenset(words(half, language)) for language in LANGUAGES}) == 1


def test_a_life_is_the_same_each_time() -> None:
    first, second = (list(hygiene("tuning", ["fr"]).haystacks()) for _ in range(2))
    assert first == second


def test_typed_questions_are_the_same_in_small_letters_without_marks() -> None:
    [written, *_], [asked, *_] = (
        list(each.haystacks())
        for each in (hygiene("tuning", ["en"]), typed(hygiene("tuning", ["en"])))
    )
    assert asked.records == written.records
    for one, other in zip(written.questions, asked.questions, strict=True):
        assert replace(one, text="") == replace(other, text="")
        pasted = one.category in ("code", "log")
        assert other.text == (one.text if pasted else other.text.lower().rstrip("?"))


def test_no_gap_of_a_sentence_is_left_open(lives: list[Haystack]) -> None:
    texts = [one.text for life in lives for one in (*life.records, *life.questions)]
    code = {"code", "log"}
    messages = {each.text for life in lives for each in life.questions if each.category in code}
    assert [text for text in texts if text not in messages and ("{" in text or "}" in text)] == []


def test_gold_and_rivals_are_records_from_before_the_question(lives: list[Haystack]) -> None:
    for life in lives:
        said = {record.key: record.said_at for record in life.records}
        assert len(said) == len(life.records)
        for question in life.questions:
            assert question.evidence.keys() <= said.keys()
            assert question.answerable == bool(gold_of(question.evidence))
            assert all(said[key] < question.asked_at for key in question.evidence)


def test_the_present_value_is_what_was_said_last(lives: list[Haystack]) -> None:
    for life in lives:
        by_key = {record.key: record for record in life.records}
        for question in [*questions(life, "changed"), *questions(life, "same wording")]:
            stated = [by_key[key] for key in question.evidence if by_key[key].role == "user"]
            told = [one for one in stated if "?" not in one.text and "？" not in one.text]
            last = max(told, key=lambda one: str(one.said_at))
            assert gold_of(question.evidence) == {last.key}


@pytest.mark.parametrize("times", range(1, 6))
def test_an_echo_is_a_question_and_an_answer_for_each_time_it_was_asked(
    lives: list[Haystack], times: int
) -> None:
    for life in lives:
        [question] = questions(life, f"echo after {times}")
        [fact] = gold_of(question.evidence)
        assert len(question.evidence) == 1 + 2 * times
        retold = [one for one in life.records if one.metadata.get(RECALLED) == [fact]]
        assert {one.key for one in retold} <= question.evidence.keys()


@pytest.mark.parametrize(("half", "languages"), [("other", ["en"]), ("test", ["xx"]), ("test", [])])
def test_a_half_or_language_that_there_is_not_is_refused(half: str, languages: list[str]) -> None:
    with pytest.raises(InvalidInput, match="choose a half"):
        hygiene(half, languages)


def metrics(
    category: str, ranking: str, tokens: int = 900, shown: float | None = 1.0, doubt: str = ""
) -> dict[str, float]:
    """Metrics of a ranking of G (gold), R (a rival) and others, one letter each."""
    records = [Record(f"{letter}{n}", "s", n, letter) for n, letter in enumerate(ranking)]
    evidence = {each.key: int(each.text == "G") for each in records if each.text in "GR"}
    question = Question("q", "?", category, evidence or {"G": 1})
    outcome = Outcome(
        "en-Ana",
        question,
        [Recollection(record, 0.5, doubt=doubt) for record in records],
        {},
        {} if shown is None else {EVIDENCE: shown},
        1.0,
    )
    [one] = judged(HaystackResult((outcome,), {BUDGET: (tokens,)}))
    return {name: value for name, value in one.metrics.items() if name != EVIDENCE}


UNMARKED = {"marked although answered": 0.0}


ANSWERED = {"answer in 1,000 tokens": 1.0, **UNMARKED}


@pytest.mark.parametrize(
    ("category", "ranking", "expected"),
    [
        ("changed", "xGR", {"stale above fresh": 0.0, "newest first": 0.0}),
        ("changed", "GRx", {"stale above fresh": 0.0, "newest first": 1.0}),
        ("changed", "RG", {"stale above fresh": 1.0, "newest first": 0.0}),
        ("changed", "xx", {"stale above fresh": 1.0, "newest first": 0.0}),
        ("same wording", "RG", {"stale above fresh, same wording": 1.0}),
        ("echo after 2", "GR", {"echo above fact": 0.0}),
        ("echo after 5", "RG", {"echo above fact": 1.0, "echo above fact after 5": 1.0}),
        ("as of", "xGR", {"as-of right": 1.0, "as-of first": 0.0}),
        ("as of", "GRx", {"as-of right": 1.0, "as-of first": 1.0}),
        ("as of", "RG", {"as-of right": 0.0, "as-of first": 0.0}),
        ("day", "GR", {"named day first": 1.0}),
        ("day", "xG", {"named day first": 0.0}),
        ("first", "xGR", {"first or last right": 1.0}),
        ("last", "RG", {"first or last right": 0.0}),
        ("count", "GG", {"all times in 1,000 tokens": 1.0}),
        ("fact", "Gx", {"fact first": 1.0}),
        ("friend", "xG", {"fact first": 0.0}),
    ],
)
def test_what_has_an_answer_is_judged_by_gold_and_rivals(
    category: str, ranking: str, expected: dict[str, float]
) -> None:
    assert metrics(category, ranking) == expected | ANSWERED


def test_a_day_as_a_whole_is_judged_by_what_comes_first() -> None:
    assert metrics("any of a day", "Gx") == {"named day first": 1.0, **UNMARKED}
    assert metrics("any of a day", "xG") == {"named day first": 0.0, **UNMARKED}


def test_half_of_what_happened_is_not_all_of_it() -> None:
    assert metrics("count", "GG", shown=0.5)["all times in 1,000 tokens"] == 0.0


def test_small_talk_is_judged_by_the_prompt() -> None:
    silent = metrics("small talk", "", 0, None)
    assert silent == {"empty for small talk": 1.0, "junk in 1,000 tokens": 0.0}
    junk = metrics("small talk", "xx", 250, None)
    assert junk == {"empty for small talk": 0.0, "junk in 1,000 tokens": 0.25}


@pytest.mark.parametrize("kind", ["wrong person", "unanswerable", "stray word"])
def test_what_has_no_answer_is_judged_by_the_prompt_and_what_it_says(kind: str) -> None:
    def shares(tokens: int, doubt: str) -> tuple[float, float]:
        found = metrics(kind, "xx", tokens, None, doubt)
        return found[f"empty for {kind}"], found[f"empty or marked for {kind}"]

    assert shares(0, "") == (1.0, 1.0)
    assert shares(250, "unanswered") == (0.0, 1.0)
    assert shares(250, "") == (0.0, 0.0)


def test_a_mark_on_what_is_answered_is_counted() -> None:
    assert metrics("fact", "xG", doubt="unanswered")["marked although answered"] == 1.0


def test_the_command_shows_systems_and_languages_and_keeps_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "tables.md"
    arguments = ["hygiene", "--encoder", "hash", "--languages", "pt", "--systems", "remem,bm25"]
    arguments += ["--set", "changes"]  # the smaller set
    assert run([*arguments, "--out", str(tmp_path), "--markdown", str(written)], main) == 0
    assert "stale above fresh" in capsys.readouterr().out
    tables = written.read_text("utf-8")
    assert "| figure | remem | bm25 |" in tables
    assert "| figure | pt |" in tables
    with RunDatabase.open(tmp_path / "run.sqlite") as database:
        [stored] = database.runs()
        assert stored.systems() == ["remem", "bm25"]
        assert "as-of right" in stored.metrics()
    assert "stale above fresh" in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.parametrize("other", [["--encoder", "hash"], ["--typed"], ["--languages", "en"]])
def test_expected_scores_are_those_of_remem_as_it_is_shipped(
    other: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["hygiene", "--check", *other], main) == 2
    assert "as it is shipped" in capsys.readouterr().err

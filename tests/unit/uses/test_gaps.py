"""Gaps of a memory: missing months, old facts, and questions that had no answer."""

from __future__ import annotations

import resource
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from remem import Memory
from remem.secrets.guard import guard_called
from remem.testing import HashEncoder
from remem.unanswered import Asked, Unanswered
from remem.uses.gaps import in_vain, shares

NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)
ALLOW = guard_called("allow")


@pytest.fixture
def unanswered(tmp_path: Path) -> Unanswered:
    return Unanswered(tmp_path / "deep" / "unanswered.jsonl", "a store")


@pytest.fixture
def memory(unanswered: Unanswered) -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder(), unanswered=unanswered) as memory:
        memory.add("The spare key is at the bakery.", speaker="Nora", said_at=NOW)
        yield memory


def test_questions_are_kept_only_where_that_was_agreed(
    memory: Memory, unanswered: Unanswered
) -> None:
    memory.context("How deep was Lake Baikal?")
    assert not unanswered.path.exists()
    unanswered.agree()
    memory.context("How deep was Lake Baikal?")
    assert [one.question for one in unanswered.of("default")] == ["How deep was Lake Baikal?"]
    unanswered.forget()
    assert not unanswered.path.exists()
    memory.context("How deep was Lake Baikal?")
    assert not unanswered.path.exists()


def test_only_what_asks_and_finds_nothing_is_kept(memory: Memory, unanswered: Unanswered) -> None:
    unanswered.agree()
    memory.context("Where is the spare key?")
    memory.context("I like trains.")
    memory.context("Look at this log. " + "x" * 400 + "?")
    assert list(unanswered.of("default")) == []


def test_a_question_needs_no_mark_to_be_kept(memory: Memory, unanswered: Unanswered) -> None:
    unanswered.agree()
    memory.context("how deep is lake baikal")
    assert [one.question for one in unanswered.of("default")] == ["how deep is lake baikal"]


def test_nobody_else_can_read_the_questions(unanswered: Unanswered) -> None:
    unanswered.agree()
    assert stat.S_IMODE(unanswered.path.stat().st_mode) == 0o600


def test_questions_belong_to_a_namespace_of_a_store(unanswered: Unanswered) -> None:
    unanswered.agree()
    unanswered.note("nora", "Who?", ALLOW)
    Unanswered(unanswered.path, "another").note("nora", "When?", ALLOW)
    assert [one.question for one in unanswered.of("nora")] == ["Who?"]
    assert list(unanswered.of("ravi")) == []


def test_a_password_in_the_address_of_a_store_is_not_written(tmp_path: Path) -> None:
    unanswered = Unanswered(tmp_path / "file", "postgresql://nora:hunter2@localhost/remem")
    unanswered.agree()
    unanswered.note("nora", "Who?", ALLOW)
    assert "hunter2" not in unanswered.path.read_text("utf-8")
    assert [one.question for one in unanswered.of("nora")] == ["Who?"]


def test_a_file_that_cannot_be_written_does_not_stop_an_answer(
    memory: Memory, unanswered: Unanswered, caplog: pytest.LogCaptureFixture
) -> None:
    unanswered.agree()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # as on a disk that is full
    try:
        assert memory.context("How deep was Lake Baikal?").text == ""
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "a question without an answer was not kept" in caplog.text
    assert list(unanswered.of("default")) == []


def test_broken_lines_are_passed_over(unanswered: Unanswered) -> None:
    unanswered.agree()
    unanswered.note("nora", "Who?", ALLOW)
    with unanswered.path.open("a", encoding="utf-8") as file:
        file.write('{"half": \n[]\n"x"\n{"store": 1, "namespace": "nora"}\n')
    unanswered.note("nora", "When?", ALLOW)
    assert [one.question for one in unanswered.of("nora")] == ["Who?", "When?"]


def test_the_file_does_not_grow_for_ever(unanswered: Unanswered) -> None:
    unanswered.agree()
    unanswered.note("nora", "The oldest one?", ALLOW)
    with unanswered.path.open("a", encoding="utf-8") as file:
        file.write(f"{'x' * 99}\n" * 11_000)
    unanswered.note("nora", "The newest one?", ALLOW)
    assert [one.question for one in unanswered.of("nora")] == ["The newest one?"]
    assert unanswered.path.stat().st_size < 2**20


def test_what_is_asked_again_counts_and_what_has_an_answer_by_now_does_not(
    memory: Memory, unanswered: Unanswered
) -> None:
    unanswered.agree()
    for question in ("How deep was Lake Baikal?", "how deep was  lake Baikal?"):
        memory.context(question)
    memory.context("Quarterly depreciation of goodwill?")
    memory.add("The quarterly depreciation of goodwill is nine.", said_at=NOW)
    [one] = memory.gaps(NOW).in_vain
    assert (one.question.casefold().split()[-1], one.times) == ("baikal?", 2)


def test_shares_tell_who_says_much_and_who_little(memory: Memory) -> None:
    for number in range(20):
        memory.add(f"Talk number {number}", speaker="Ravi")
    memory.add("Something else", speaker="Meena")
    told = {one.name: (one.records, one.standing) for one in memory.gaps(NOW).people}
    assert told == {"Ravi": (20, "much"), "Nora": (1, "little"), "Meena": (1, "little")}


def test_equal_shares_are_neither_much_nor_little(memory: Memory) -> None:
    memory.add("Hello", speaker="Ravi")
    assert [one.standing for one in memory.gaps(NOW).people] == ["", ""]
    assert shares([], "speaker") == []


def test_months_of_which_nothing_is_remembered_are_named(memory: Memory) -> None:
    memory.add("Late autumn", said_at=datetime(2025, 11, 30, tzinfo=timezone.utc))
    assert memory.gaps(NOW).silent_months == ["2025-12", "2026-01", "2026-02"]


def test_a_fact_is_stale_when_its_newest_statement_is_old(memory: Memory) -> None:
    old = NOW - timedelta(days=800)
    memory.add("I live in Lisbon.", speaker="Ravi", said_at=old)
    memory.add("I live in Porto.", speaker="Meena", said_at=old)
    memory.add("I live in Braga now.", speaker="Meena", said_at=NOW - timedelta(days=20))
    stale = memory.gaps(NOW).stale
    assert [(one.record.speaker, one.days) for one in stale] == [("Ravi", 800)]
    assert stale[0].about == "home"


@pytest.mark.parametrize(
    "told", [{"role": "assistant"}, {"kind": "passage"}], ids=["an assistant", "a document"]
)
def test_only_what_a_person_stated_is_a_fact_of_theirs(
    memory: Memory, told: dict[str, str]
) -> None:
    old = NOW - timedelta(days=800)
    memory.add("I live in Porto.", speaker="Claude", said_at=old, **told)
    memory.add("My rent is 900 euros.", role="user", said_at=old)
    found = memory.gaps(NOW).stale
    assert [(one.about, one.record.text) for one in found] == [("rent", "My rent is 900 euros.")]


def test_a_fact_that_was_corrected_since_is_fresh(memory: Memory) -> None:
    record = memory.add("I live in Lisbon.", speaker="Ravi", said_at=NOW - timedelta(days=800))
    memory.update(record.key, "I live in Lisbon, in Alfama.")
    assert memory.gaps(NOW).stale == []


def test_questions_asked_most_stand_first() -> None:
    asked = [Asked(text, NOW) for text in ("b?", "a?", "B?", "c?")]
    assert [(one.question, one.times) for one in in_vain(asked)] == [
        ("b?", 2),
        ("a?", 1),
        ("c?", 1),
    ]

from __future__ import annotations

from collections.abc import Sequence

from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.trust import ABOUT_OTHERS, Abstention, questions_about_others, with_next
from remem.recall.prompt import Context
from remem.recall.recollection import Recollection
from remem.store import Record


def haystack(namespace: str, *speakers: str | None) -> Haystack:
    records = [
        Record(key=f"k{number}", source="s", position=number, text="hi", speaker=speaker)
        for number, speaker in enumerate(speakers)
    ]
    return Haystack(namespace, records, [Question("q1", f"What did {namespace} do?")])


MEMORY = Record(key="k", source="s", position=0, text="hi")


class Talkative:
    """Shows a memory for every message that asks something."""

    def __init__(self) -> None:
        self.heard = 0

    def search(self, question: Question, k: int) -> Sequence[Recollection]:
        return [Recollection(MEMORY, 0.9, relevance=0.25 if question.text.endswith("?") else 0.0)]

    def context(self, question: Question, budget: int) -> Context:
        self.heard += 1
        if not question.text.endswith("?"):
            return Context()
        return Context("hi", (Recollection(MEMORY, 0.5),), 1)


def message(number: int, kind: str = "small talk", text: str = "hello") -> Question:
    return Question(f"m{number}", text, kind)


def test_questions_about_other_people_are_those_of_the_other_haystack() -> None:
    [question] = questions_about_others(haystack("a", "Ana", "Ben"), haystack("b", "Cleo"))
    assert (question.text, question.category) == ("What did b do?", ABOUT_OTHERS)


def test_conversations_that_share_a_person_are_not_about_others() -> None:
    assert not questions_about_others(haystack("a", "Ana", "Ben"), haystack("b", "Ben", "Cleo"))


def test_without_speakers_nobody_knows_who_a_question_is_about() -> None:
    assert not questions_about_others(haystack("a", None), haystack("b", "Cleo"))
    assert not questions_about_others(haystack("a", "Ana"), haystack("b", None))


def test_each_haystack_comes_with_the_next_and_the_last_with_the_first() -> None:
    a, b, c = haystack("a"), haystack("b"), haystack("c")
    assert list(with_next([a, b, c])) == [(a, b), (b, c), (c, a)]
    assert list(with_next([a])) == [(a, a)]
    assert list(with_next([])) == []


def test_the_share_of_empty_prompts_is_counted_by_kind() -> None:
    abstention = Abstention()
    asked = [message(1), message(2, text="how are you?"), message(3, "code", "x = 1")]
    abstention.ask(Talkative(), asked)
    assert abstention.figures() == {"empty for small talk": 0.5, "empty for code": 1.0}


def test_the_highest_relevance_of_each_message_is_kept_by_kind() -> None:
    abstention = Abstention()
    abstention.ask(Talkative(), [message(1), message(2, text="how are you?"), message(3, "code")])
    assert abstention.relevances == {"small talk": [0.0, 0.25], "code": [0.0]}


def test_nothing_asked_is_no_figure() -> None:
    assert Abstention().figures() == {}


def test_of_many_messages_a_sample_is_asked_the_same_for_the_same_seed() -> None:
    messages = [message(number, str(number)) for number in range(1000)]
    first, second, other = Abstention(seed=1), Abstention(seed=1), Abstention(seed=2)
    for abstention in (first, second, other):
        abstention.ask(Talkative(), messages)
    assert len(first.relevances) == 200
    assert first.relevances.keys() == second.relevances.keys() != other.relevances.keys()


def test_of_many_haystacks_the_first_five_are_asked() -> None:
    abstention, memory = Abstention(), Talkative()
    for _ in range(8):
        abstention.ask(memory, [message(1)], [message(2)])
    assert memory.heard == 10

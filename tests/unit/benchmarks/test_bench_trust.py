"""How far relevance can be trusted: against gold, against the floor, and about the wrong person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.metrics import Outcome
from remem.benchmarks.trust import (
    CALIBRATION_ERROR,
    FIRST,
    RELIABILITY,
    TAKEN,
    UNFLOORED,
    Abstention,
    Trust,
    auroc,
    calibration_error,
    evidence_against_floor,
    judgements,
    reliability,
    silence_against_floor,
    top_relevance,
    unfloored,
    wrong_person,
)
from remem.recall.prompt import Context
from remem.recall.recollection import Recollection
from remem.store import Record


def record(key: str, text: str = "We planted beans.", speaker: str | None = None) -> Record:
    return Record(key=key, source="s", position=int(key[1:]), text=text, speaker=speaker)


def outcome(question: Question, *relevances: float, floored: float | None = None) -> Outcome:
    """A ranking of r0, r1, ... with these relevances."""
    ranking = [
        Recollection(record(f"r{number}"), 1.0, relevance=relevance)
        for number, relevance in enumerate(relevances)
    ]
    metrics = {} if floored is None else {"evidence@1000": floored}
    return Outcome("talk", question, ranking, dict.fromkeys(question.evidence), metrics, 1.0)


BEANS = Question("beans", "What did Ana plant?", evidence={"r0": 1})


def test_a_memory_matters_if_it_is_gold() -> None:
    found = list(judgements(outcome(BEANS, 0.9, 0.3)))
    assert [(one.relevance, one.matters) for one in found] == [(0.9, True), (0.3, False)]


def test_gold_sources_count_where_no_records_are_named() -> None:
    question = Question("q", "?", sources={"s": 1})
    assert [one.matters for one in judgements(outcome(question, 0.9))] == [True]


def test_of_a_question_without_an_answer_nothing_matters() -> None:
    unanswerable = Question("q", "?", answerable=False)
    assert [one.matters for one in judgements(outcome(unanswerable, 0.9))] == [False]


def test_a_question_whose_gold_is_unknown_says_nothing() -> None:
    assert not list(judgements(outcome(Question("q", "?"), 0.9)))


def test_only_the_first_memories_are_judged() -> None:
    assert len(list(judgements(outcome(BEANS, *[0.1] * 50)))) == FIRST


def test_relevance_that_is_a_probability_has_no_error() -> None:
    half = [*judgements(outcome(BEANS, 0.5, 0.5))]
    diagram = reliability(half)
    assert {said: share.mean for said, share in diagram.items()} == {0.5: 0.5}
    assert calibration_error(diagram) == 0.0


def test_the_error_is_the_mean_distance_of_all_memories() -> None:
    # Three are said to matter for sure, and one does; one is said not to, and does not.
    diagram = reliability(judgements(outcome(BEANS, 1.0, 1.0, 1.0, 0.0)))
    assert diagram[1.0].mean == pytest.approx(1 / 3)
    assert diagram[0.0].mean == 0.0
    assert calibration_error(diagram) == pytest.approx(3 / 4 * 2 / 3)
    assert calibration_error({}) is None


def test_separation_is_how_often_the_higher_is_above_the_lower() -> None:
    assert auroc([0.9, 0.8], [0.1, 0.2]) == 1.0
    assert auroc([0.1], [0.9]) == 0.0
    assert auroc([0.5, 0.5], [0.5]) == 0.5
    assert auroc([0.9, 0.3], [0.5]) == 0.5
    assert auroc([], [0.5]) is None
    assert auroc([0.5], []) is None


def test_the_top_relevance_need_not_be_of_the_first() -> None:
    assert top_relevance(outcome(BEANS, 0.2, 0.6).ranking) == 0.6
    assert top_relevance(()) == 0.0


def garden(*questions: Question, speakers: Sequence[str] = ("Ana Lima", "Ben")) -> Haystack:
    records = [record(f"r{n}", speaker=speaker) for n, speaker in enumerate(speakers)]
    return Haystack("garden", records, questions)


def swapped(text: str, speakers: Sequence[str] = ("Ana Lima", "Ben")) -> list[str]:
    question = Question("q", text, evidence={"r0": 1})
    return [wrong.text for _, wrong in wrong_person(garden(question, speakers=speakers))]


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ("What did Ana plant?", "What did Ben plant?"),
        ("What are Ana Lima's beans?", "What are Ben's beans?"),
        ("what did ana plant, Ana?", "what did Ben plant, Ben?"),
        ("What did Ben plant?", "What did Ana plant?"),
    ],
)
def test_another_speaker_takes_the_place_of_the_one_who_is_named(asked: str, wrong: str) -> None:
    assert swapped(asked) == [wrong]


@pytest.mark.parametrize(
    "asked", ["What was planted?", "Did Ana help Ben?", "Who likes bananas or benches?"]
)
def test_a_question_that_names_nobody_or_several_has_no_wrong_person(asked: str) -> None:
    assert not swapped(asked)


def test_where_one_voice_speaks_nobody_else_can_be_meant() -> None:
    assert not swapped("What did Ana plant?", ["Ana", "Ana"])


def test_the_next_of_several_speakers_takes_the_place() -> None:
    assert swapped("What did Cleo plant?", ["Ana", "Ben", "Cleo"]) == ["What did Ana plant?"]


def test_a_question_about_the_wrong_person_has_no_answer() -> None:
    [(right, wrong)] = wrong_person(garden(BEANS))
    assert right == BEANS
    assert not wrong.answerable
    assert not wrong.evidence
    assert wrong.id != right.id


def test_what_has_no_answer_is_not_asked_about_others() -> None:
    unanswerable = Question("q", "What did Ana plant?", evidence={"r0": 1}, answerable=False)
    assert not list(wrong_person(garden(unanswerable, Question("q2", "What did Ana plant?"))))


TEXTS = {"r0": "We planted beans.", "r1": "We planted beans."}


def test_without_a_floor_a_prompt_shows_what_is_least_relevant() -> None:
    question = Question("q", "?", evidence={"r0": 1, "r1": 1, "r9": 1})
    assert unfloored(outcome(question, 0.4, 0.0), TEXTS) == {"r0": 0.4, "r1": 0.0, "r9": None}


def test_a_floor_keeps_the_evidence_that_reaches_it() -> None:
    kept = evidence_against_floor([{"a": 0.4, "b": 0.02}, {"a": 0.1}, {"a": None}])
    assert kept[0.01].mean == pytest.approx((1 + 1 + 0) / 3)
    assert kept[0.03].mean == pytest.approx((0.5 + 1 + 0) / 3)
    assert kept[0.4].mean == pytest.approx((0.5 + 0 + 0) / 3)
    assert kept[0.8].mean == 0


def test_a_floor_silences_messages_for_which_nothing_reaches_it() -> None:
    silent = silence_against_floor([0.0, 0.02, 0.5])
    assert [round(silent[floor].mean, 3) for floor in (0.0001, 0.03, 0.8)] == [0.333, 0.667, 1.0]
    assert silence_against_floor([]) == {}


class Certain:
    """Gives every memory the relevance that a question's text calls for."""

    def __init__(self, relevances: Mapping[str, float]) -> None:
        self.relevances = relevances
        self.asked: list[str] = []

    def search(self, question: Question, k: int) -> Sequence[Recollection]:
        self.asked.append(question.text)
        return [Recollection(record("r0"), 1.0, relevance=self.relevances[question.text])]

    def context(self, question: Question, budget: int) -> Context:
        return Context()


def test_the_wrong_person_is_told_apart_by_the_relevance_of_the_best() -> None:
    other = Question("other", "Where is Ben?", evidence={"r1": 1})
    memory = Certain({"What did Ben plant?": 0.4, "Where is Ana?": 0.7})
    trust = Trust()
    trust.ask(memory, garden(BEANS, other), [outcome(BEANS, 0.1, 0.9), outcome(other, 0.6)])
    assert memory.asked == ["What did Ben plant?", "Where is Ana?"]
    # Right .9 and .6 against wrong .4 and .7: three of four pairs are in order.
    assert trust.figures(Abstention())["AUROC wrong person"] == 0.75


def test_of_many_haystacks_the_first_five_are_asked_about_the_wrong_person() -> None:
    memory = Certain({"What did Ben plant?": 0.4})
    trust = Trust()
    for _ in range(7):
        trust.ask(memory, garden(BEANS), [outcome(BEANS, 0.9)])
    assert len(memory.asked) == 5


def test_outcomes_get_the_evidence_of_a_prompt_without_a_floor() -> None:
    trust = Trust()
    [judged] = trust.add(garden(BEANS), [outcome(BEANS, 0.0, floored=0.0)])
    assert judged.metrics == {"evidence@1000": 0.0, UNFLOORED: 1.0}
    assert trust.figures(Abstention())[TAKEN] == 1.0


def test_questions_without_an_answer_are_told_apart_from_those_with_one() -> None:
    unanswerable = Question("q", "Who was it?", answerable=False)
    trust = Trust()
    trust.add(garden(), [outcome(BEANS, 0.9), outcome(unanswerable, 0.2)])
    assert trust.figures(Abstention())["AUROC unanswerable"] == 1.0


def test_nothing_measured_is_no_figure_and_no_curve() -> None:
    assert Trust().figures(Abstention()) == {}
    assert Trust().curves(Abstention()) == {}


def test_curves_are_of_relevance_evidence_and_silence() -> None:
    trust = Trust()
    trust.add(garden(BEANS), [outcome(BEANS, 0.9, 0.1)])
    abstention = Abstention(relevances={"small talk": [0.0, 0.2]}, empty={"small talk": 1})
    curves = trust.curves(abstention)
    assert curves.keys() == {
        RELIABILITY,
        "evidence against the floor",
        "empty for small talk against the floor",
    }
    assert trust.figures(abstention)[CALIBRATION_ERROR] == pytest.approx(0.1)

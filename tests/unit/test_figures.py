"""Of figures for the same thing, the one that was said last comes first."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from remem.recall.order.figures import newest_figure_first
from remem.recall.rarity import Rarity
from remem.recall.reading.question import read_query
from remem.recall.recollection import Recollection
from remem.store import Record

MARCH = datetime(2024, 3, 1, 9, tzinfo=timezone.utc)
OLD = "150 commits have been merged into the main branch of the repository."
NEW = "The commits merged into the main branch have now reached 165."
ASKED = "How many commits have been merged into the main branch?"


def order(question: str, *texts: str, role: str = "user") -> list[str]:
    """The texts, ranked in the order given and said in that order, as they come out."""
    ranking = [
        Recollection(
            Record(f"k{n}", "chat", n, text, role=role, said_at=MARCH + timedelta(days=n)),
            1.0 - n / 10,
        )
        for n, text in enumerate(texts)
    ]
    asked = read_query(question, None)
    rarity = Rarity(dict.fromkeys(asked.tokens, 1.0), 9.0)
    found = newest_figure_first(asked, ranking, rarity)
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    return [one.record.text for one in found]


@pytest.mark.parametrize(
    ("question", "old", "new"),
    [
        (ASKED, OLD, NEW),
        (
            "What is the test coverage of the parser?",
            "The test coverage of the parser is 65%.",
            "I improved the test coverage of the parser to 78%.",
        ),
        (
            "When is the deadline of the first sprint?",
            "The first sprint has its deadline on April 1.",
            "The new deadline of the first sprint is April 5.",
        ),
        (
            "How many issues of the magazine have I read?",
            "I have read three issues of the magazine.",
            "Just read my fifth issue of the magazine.",
        ),
    ],
)
def test_the_newest_figure_comes_first(question: str, old: str, new: str) -> None:
    assert order(question, old, "Nothing else happened.", new) == [
        new,
        old,
        "Nothing else happened.",
    ]


def test_several_figures_come_in_the_order_of_time() -> None:
    later = "170 commits have been merged into the main branch now."
    again = "As I said, the commits merged into the main branch are now 170."
    assert order(ASKED, OLD, NEW, later, again) == [later, NEW, OLD, again]


@pytest.mark.parametrize(
    "brief",
    [
        "The number of commits has increased to 180.",
        "How can I show the fact that I now have 180 commits?",
    ],
)
def test_a_change_of_a_figure_repeats_little_of_what_is_known(brief: str) -> None:
    assert order(ASKED, OLD, brief) == [brief, OLD]


def test_a_figure_may_stand_before_a_question() -> None:
    old = f"{OLD[:-1]}, is that a lot?"
    new = f"{NEW[:-1]}, so how do I find one of them?"
    assert order(ASKED, old, new) == [new, old]


@pytest.mark.parametrize(
    "other",
    [
        "There are now 12 people who read the main branch.",
        "The commits merged into the main branch have now reached 150.",
        "How do I see the commits merged into the main branch?",
        "Are there now 165 commits merged into the main branch?",
        "165 commits for a lemon cake.",
    ],
)
def test_another_figure_leaves_the_order(other: str) -> None:
    assert order(ASKED, OLD, other) == [OLD, other]


@pytest.mark.parametrize(
    "question",
    [
        "How many commits had been merged into the main branch before?",
        "How many commits were merged into the main branch on 2 March 2024?",
        "Who merged the commits into the main branch?",
    ],
)
def test_a_question_about_the_past_or_no_figure_leaves_the_order(question: str) -> None:
    assert order(question, OLD, NEW) == [OLD, NEW]


def test_an_assistant_has_no_newer_figure() -> None:
    assert order(ASKED, OLD, NEW, role="assistant") == [OLD, NEW]

"""What a question says: its words, its content words, and the times that it names."""

from datetime import datetime, timezone

import pytest

from remem.recall.reading.question import read_query, undated
from remem.store import InvalidInput

NOON = datetime(2024, 5, 15, 12, tzinfo=timezone.utc)


def test_the_content_words_of_a_question_are_kept_as_written() -> None:
    assert read_query("Where did Nora's kilns break?", None).tokens == {
        "nora": "Nora's",
        "kiln": "kilns",
        "break": "break",
    }


def test_a_question_of_stop_words_only_is_made_of_them() -> None:
    assert set(read_query("Who are you?", None).tokens) == {"who", "are", "you"}


def test_names_are_found_without_their_case_and_possessive() -> None:
    assert {"ana", "will"} <= read_query("Was it ANA’s, or Will's?", None).words


def test_the_times_that_a_question_names_depend_on_when_it_is_asked() -> None:
    [span] = read_query("What did she say yesterday?", NOON).spans
    assert (span.start.date().isoformat(), span.phrase) == ("2024-05-14", "yesterday")


def test_without_a_present_only_full_dates_mean_anything() -> None:
    assert read_query("What did she say yesterday?", None).spans == ()
    assert len(read_query("What did she say on 14 May 2024?", None).spans) == 1


def test_a_present_without_a_time_zone_is_refused() -> None:
    with pytest.raises(InvalidInput, match="without a time zone; pass one"):
        read_query("yesterday", NOON.replace(tzinfo=None))


def test_emoji_have_no_words() -> None:
    assert not read_query("🦊🦊", NOON).tokens


@pytest.mark.parametrize(
    ("question", "rest"),
    [
        ("Where was I living in January 2024?", "Where was I living ?"),
        ("In 2023, where did I live?", "where did I live?"),
        ("2023年5月我住在哪里？", "我住在哪里？"),
        ("What is due on Friday?", "What is due on Friday?"),
        ("May 2024?", "May 2024?"),
    ],
)
def test_full_dates_can_be_left_out_of_a_question_that_says_more(question: str, rest: str) -> None:
    assert undated(question) == rest

"""Weights depend on who speaks: one voice, people in turns, or a person with an assistant."""

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem.recall.ranking import (
    WEIGHTS,
    Voices,
    Weight,
    voices_of,
    weights_among,
    weights_of_words,
)
from remem.store import Record


def said(role: str | None = None, speaker: str | None = None) -> Record:
    return Record(key="k", source="s", position=0, text="t", role=role, speaker=speaker)


def test_what_nobody_in_particular_said_is_one_voice() -> None:
    assert voices_of([said()] * 9) == Voices(1, 0, 0)
    assert voices_of([]) == Voices(1, 0, 0)


def test_a_person_alone_is_one_voice() -> None:
    assert voices_of([said("user", "Ana")] * 9) == Voices(1, 0, 0)


def test_two_people_take_turns() -> None:
    assert voices_of([said(None, "Ana"), said(None, "Ben")]) == Voices(0, 1, 0)


def test_a_person_and_an_assistant_are_no_two_people() -> None:
    assert voices_of([said("user", "Ana"), said("assistant", "Bot")]) == Voices(0, 0, 1)


def test_a_voice_that_is_heard_now_and_then_counts_in_part() -> None:
    diary = [said(None, "Ana")] * 90
    assert astuple(voices_of([*diary, *[said(None, "Ben")] * 10])) == pytest.approx((0.5, 0.5, 0))
    assert astuple(voices_of([*diary, *[said("assistant")] * 10])) == pytest.approx((0.5, 0, 0.5))


@given(
    st.lists(
        st.builds(
            said,
            st.sampled_from([None, "user", "assistant", "tool"]),
            st.sampled_from([None, "Ana", "Ben", "Cem"]),
        )
    )
)
def test_the_shares_make_one(records: list[Record]) -> None:
    shares = astuple(voices_of(records))
    assert all(share >= 0 for share in shares)
    assert sum(shares) == pytest.approx(1)


def test_one_record_more_moves_the_weights_only_a_little() -> None:
    records = [said(None, "Ana")] * 100
    before = weights_among(WEIGHTS, voices_of(records))
    after = weights_among(WEIGHTS, voices_of([*records, said(None, "Ben")]))
    assert all(abs(after[name] - before.get(name, 0)) < 0.1 for name in after)


def test_in_between_the_weights_are_in_between() -> None:
    assert Weight(1, 2, 4).among(Voices(0.5, 0.25, 0.25)) == 2


def test_a_number_is_the_same_weight_everywhere() -> None:
    assert Weight.of(1.5) == Weight(1.5, 1.5, 1.5)


def test_what_has_no_weight_here_is_left_out() -> None:
    weights = {"text turn": Weight(1, 2, 3), "link": Weight(2, 0, 0)}
    assert weights_among(weights, Voices(0, 1, 0)) == {"text turn": 2}


def test_where_the_encoder_hardly_reads_words_weigh_more() -> None:
    weights = weights_of_words({"dense turn": 2.0, "text turn": 3.0})
    assert weights == {"dense turn": 1.5, "text turn": 3.0}

"""The reasoning in front of an answer, and answers that only speak of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem.messages import without_reasoning


@pytest.mark.parametrize(
    "answer",
    [
        "<think>hm</think>The key is red.",
        "<think>\nhm\n</think>\n\nThe key is red.",
        "\n <THINK>hm</THINK> The key is red.",
        "<thinking>hm</thinking>\nThe key is red.",
        "<reasoning>hm</reasoning>The key is red.",
        "<thought>hm</thought>The key is red.",
        "<think></think>\n\nThe key is red.",
        "<think>a</think>\n<think>b</think>The key is red.",
        "<think>Tags like `</think>` end it.</think>The key is red.",
        '<details type="reasoning" done="true" duration="3">\n<summary>Thought</summary>\n> hm\n'
        "</details>\nThe key is red.",
        "The user wants the colour.</think>The key is red.",
        "The user wants the colour\n</think>\n\nThe key is red.",
        "Farbe?\n</think>The key is red.",
        "他想知道颜色。</think>The key is red.",
        "</think>The key is red.",
    ],
)
def test_reasoning_in_front_was_not_said(answer: str) -> None:
    assert without_reasoning(answer) == "The key is red."


@pytest.mark.parametrize(
    "answer",
    [
        "<think>The user wants",
        "<think>hm</think>",
        "<think>hm</think>\n",
        "hm.</think>",
        "<think>hm</thinking>",
    ],
)
def test_of_reasoning_that_does_not_end_or_is_all_nothing_was_said(answer: str) -> None:
    assert without_reasoning(answer) == ""


@pytest.mark.parametrize(
    "answer",
    [
        "The key is red.",
        "  The key is red.\n",
        "",
        "Between <think> and </think> a model thinks.",
        "The tag </think> ends a thought.",
        "Write `</think>`\nbehind it.",
        "`<think>` is a tag.",
        "Use this:\n```\n</think>\n```\nand go on.",
        "~~~xml\nhm.</think>\n~~~",
        "<thinker>hm</thinker>",
        "<details>\nmore\n</details>",
        "I think</thoughts>.",
    ],
)
def test_who_speaks_of_the_tags_keeps_every_word(answer: str) -> None:
    assert without_reasoning(answer) == answer


@given(st.lists(st.sampled_from(["<think>", "</think>", "hm", ".", "\n", "`", " "])))
def test_what_is_left_is_the_end_of_the_answer(pieces: list[str]) -> None:
    answer = "".join(pieces)
    assert answer.endswith(without_reasoning(answer))


@pytest.mark.parametrize(
    ("piece", "said"),
    [("<think>", ""), ("<think></think>", ""), ("`</think>`", None), ("<details type='", None)],
)
def test_answers_of_a_megabyte_are_read(piece: str, said: str | None) -> None:
    answer = piece * 100_000  # minutes, for an expression that begins anew at each tag
    assert without_reasoning(answer) == (answer if said is None else said)

"""The end of the answer of a small model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from remem.generators.opening import EchoGenerator, Prompt, RestrainedGenerator
from remem.generators.restraint import restrained
from remem.recall.prompt import Context
from remem.recall.recollection import Recollection
from remem.store import Record


def said(answer: str, *names: str) -> str:
    """The part that is kept of an answer that comes character by character."""
    return "".join(restrained(iter(answer), names))


@pytest.mark.parametrize(
    "answer",
    [
        "The answer is: 26 September, 2024.",
        "It costs 3.5 euros. Or 4! Nobody knows...",
        "- flour\n- sugar\n- flour and water\n",
        "Nora: that is her name.",
        "在面包店。问阿尔瓦罗。",
        "",
    ],
)
def test_an_answer_that_knows_when_to_stop_is_whole(answer: str) -> None:
    assert said(answer) == answer


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("It is fate. It is a tale. It is fate. It is a tale.", "It is fate. It is a tale. "),
        ("One\ntwo\none\ntwo\n", "One\ntwo\n"),
        ("她叫小红。她叫小红。", "她叫小红。"),
        ("a tale of fate, a tale of fate, a tale of fate, a tale", "a tale of fate …"),
    ],
)
def test_an_answer_ends_where_it_repeats_itself(answer: str, kept: str) -> None:
    assert said(answer) == kept


@pytest.mark.parametrize("turn", ["User: And the dog?", "**Human**: hm", "you> hm", "<|im_end|>x"])
def test_an_answer_ends_where_it_invents_a_turn(turn: str) -> None:
    assert said(f"In the tin.\n{turn}\nAssistant: Pickle.").strip() == "In the tin."


def test_a_turn_may_be_invented_for_people_of_the_memories() -> None:
    answer = "In the tin.\nRavi: I lost the key in Lisbon."
    assert said(answer, "Ravi", "Nora") == "In the tin.\n"
    assert said(answer, "Nora") == answer


def test_the_name_of_a_role_in_front_of_an_answer_is_left_out() -> None:
    assert said("Assistant: In the tin.") == "In the tin."


def test_what_is_behind_the_end_is_not_asked_for() -> None:
    asked: list[str] = []

    def pieces() -> Iterator[str]:
        for piece in ("Yes. ", "Yes. ", "No. "):
            asked.append(piece)
            yield piece

    assert "".join(restrained(pieces())) == "Yes. "
    assert asked == ["Yes. ", "Yes. "]


def test_a_generator_is_restrained_by_the_names_in_its_prompt() -> None:
    class Rambling(EchoGenerator):
        def stream(self, prompt: Prompt) -> Iterator[str]:
            yield from ("In the", " tin.\nRa", "vi: no.\n")

    record = Record(key="k", source="s", position=0, text="In the tin.", speaker="Ravi")
    prompt = Prompt("Where?", Context("x", (Recollection(record, 1.0),)))
    generator = RestrainedGenerator(Rambling())
    assert generator.generate(prompt) == "In the tin.\n"
    assert generator.generate(Prompt("Where?")) == "In the tin.\nRavi: no.\n"

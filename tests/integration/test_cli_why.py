"""``remem why``: why a memory is in the block for a question, or why not."""

from __future__ import annotations

import pytest

from tests.integration.test_cli import Remem, remem

__all__ = ["remem"]


@pytest.fixture(autouse=True)
def kittens(remem: Remem) -> None:
    remem("add", "The cat had kittens.", "--speaker", "Ben", "--key", "pets#kittens")
    remem("add", "More rain.", "--speaker", "Ana", "--key", "rain")


def test_what_is_kept_is_said_with_its_place(remem: Remem) -> None:
    told = remem("why", "cat", "kittens", "--expect", "pets#kittens")
    assert (told.code, told.err) == (0, "")
    assert "It stands at place 1 with a score of" in told.out
    for part in ("Leg", "Place", "Pool", "dense turn", "text window"):
        assert part in told.out


def test_what_was_dropped_is_said_with_what_would_have_kept_it(remem: Remem) -> None:
    told = remem("why", "cat", "--expect", "pets#kittens", "--speaker", "Ana")
    assert told.out.splitlines() == [
        "The filter leaves it out: speaker is 'Ana' (it has 'Ben').",
        "Leave that out.",
    ]


def test_programs_get_every_figure(remem: Remem) -> None:
    asked = ("why", "cat", "kittens", "--expect", "pets#kittens", "--json", "--budget")
    told = remem(*asked, "1").json
    assert (told["query"], told["namespace"]) == ("cat kittens", "default")
    assert (told["key"], told["stage"], told["place"]) == ("pets#kittens", "budget", 1)
    budget = str(told["keeps"]["budget"])
    assert f"a budget of {budget}" in told["remedy"]
    assert "kittens" in remem("context", "cat", "kittens", "--budget", budget).out
    assert remem(*asked, budget).json["stage"] == "kept"
    assert {each["leg"] for each in told["reaches"]} >= {"dense turn", "text turn"}


@pytest.mark.parametrize("key", ["pets#kittens", "[pets#kittens]", '"pets#kittens"'])
def test_a_key_may_be_given_as_it_is_shown(remem: Remem, key: str) -> None:
    assert remem("why", "cat", "--expect", key, "--json").json["key"] == "pets#kittens"


def test_a_key_that_nobody_has_is_one_sentence(remem: Remem) -> None:
    told = remem("why", "cat", "--expect", "nobody's")
    assert told.code == 0
    [reason, remedy] = told.out.splitlines()
    assert reason == "No memory has the key nobody's in the namespace default."
    assert remedy.startswith("Remember it first")


@pytest.mark.parametrize("words", ["the cat had", "HAD  KITTENS", "kittens."])
def test_a_memory_may_be_named_by_its_words(remem: Remem, words: str) -> None:
    assert remem("why", "cat", "--expect", words, "--json").json["key"] == "pets#kittens"


def test_a_version_that_was_replaced_may_be_named_by_its_words(remem: Remem) -> None:
    remem("update", "rain", "Sunshine.")
    assert remem("why", "weather", "--expect", "more rain", "--json").json["stage"] == "superseded"


def test_words_of_several_memories_are_refused_with_their_keys(remem: Remem) -> None:
    remem("add", "The cat had a nap.", "--key", "nap")
    told = remem("why", "cat", "--expect", "the cat had")
    assert (told.code, told.out) == (1, "")
    assert told.err.strip().endswith("may mean several: write one of pets#kittens, nap")


def test_a_memory_of_another_namespace_is_told(remem: Remem) -> None:
    remem("add", "The ledger is in the safe.", "--key", "ledger", "--namespace", "work")
    told = remem("why", "ledger", "--expect", "ledger")
    assert "namespace work" in told.out


def test_a_question_without_an_expectation_is_wrong_usage(remem: Remem) -> None:
    assert remem("why", "cat").code == 2

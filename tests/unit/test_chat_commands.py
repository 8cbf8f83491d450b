"""What can be typed in ``remem chat`` besides messages."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from remem import Memory
from remem.cli.chat import COMMANDS, Conversation, Shown, obey
from remem.store import InvalidInput
from remem.testing import EchoGenerator, HashEncoder


@pytest.fixture
def talk() -> Iterator[Conversation]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:

        def begin(name: str | None) -> Any:
            return memory.chat(EchoGenerator(), name)

        yield Conversation(memory, begin, begin("monday"), k=5, speaker="Nora")


def say(talk: Conversation, message: str) -> None:
    talk.reply = talk.bot.send(message)


def seen(shown: Shown) -> str:
    """What people see, in one line."""
    stream = StringIO()
    console = Console(file=stream, width=100)
    for part in shown.parts:
        console.print(part)
    return " ".join(stream.getvalue().split())


def texts(shown: Shown) -> list[str]:
    return [memory["record"]["text"] for memory in shown.data["memories"]]


def test_help_lists_every_command(talk: Conversation) -> None:
    shown = seen(obey(talk, "/help"))
    assert all(name in shown for name in [*COMMANDS, "/quit"])


@pytest.mark.parametrize("line", ["/nope", "/", "/etc/hosts is broken", "/Help"])
def test_an_unknown_command_is_one_sentence_that_says_how_to_go_on(
    talk: Conversation, line: str
) -> None:
    with pytest.raises(InvalidInput, match=r"there is no command /\S*; /help lists them"):
        obey(talk, line)


# Recalling ---------------------------------------------------------------------------------------


def test_recall_searches_and_asks_no_model(talk: Conversation) -> None:
    talk.memory.add("The dog is called Pickle.")
    shown = obey(talk, "/recall what is the dog called")
    assert texts(shown) == ["The dog is called Pickle."]
    assert "Pickle." in seen(shown)
    assert "meaning 0." in seen(shown)
    assert talk.reply is None
    assert talk.memory.count() == 1


def test_recall_shows_k_memories_at_most(talk: Conversation) -> None:
    for n in range(9):
        talk.memory.add(f"Dog number {n}.")
    assert len(texts(obey(talk, "/recall dog"))) == 5


def test_recall_says_when_nothing_is_remembered(talk: Conversation) -> None:
    assert seen(obey(talk, "/recall dog")) == "nothing relevant is remembered"


def test_why_shows_the_memories_of_the_last_answer_best_first(talk: Conversation) -> None:
    talk.memory.add("The dog is called Pickle.")
    talk.memory.add("The dog sleeps.")
    say(talk, "What is the dog called?")
    shown = obey(talk, "/why")
    assert texts(shown) == ["The dog is called Pickle.", "The dog sleeps."]
    (best, _) = shown.data["memories"]
    assert best["score"] > 0
    assert best["relevance"] > 0
    assert "dense turn" in best["parts"]
    for part in (f"{best['score']:.2f}", f"relevance {best['relevance']:.2f}", "words 0."):
        assert part in seen(shown)


def test_why_shows_what_is_pinned(talk: Conversation) -> None:
    obey(talk, "/pin Nora is vegan.")
    say(talk, "Hello")
    assert "pinned 1.00" in seen(obey(talk, "/why"))


def test_why_says_when_the_answer_was_given_without_memories(talk: Conversation) -> None:
    say(talk, "Hello")
    assert seen(obey(talk, "/why")) == "nothing relevant is remembered"


def test_why_needs_an_answer(talk: Conversation) -> None:
    with pytest.raises(InvalidInput, match="nothing has been answered in this session yet"):
        obey(talk, "/why")


# Forgetting --------------------------------------------------------------------------------------


def test_forget_last_takes_the_exchange_out_of_memory(talk: Conversation) -> None:
    say(talk, "The password is tulip.")
    shown = obey(talk, "/forget last")
    assert seen(shown).startswith("2 records forgotten. Exports, backups and run files")
    assert talk.memory.count() == 0


def test_forget_takes_a_key(talk: Conversation) -> None:
    talk.memory.add("The password is tulip.", key="k")
    assert obey(talk, "/forget k").data == {"forgotten": 1}
    assert talk.memory.count() == 0


def test_what_is_forgotten_is_told_so_that_nobody_keeps_it(talk: Conversation) -> None:
    say(talk, "The password is tulip.")
    assert "The password is tulip." in obey(talk, "/forget last").forgotten


def test_what_is_forgotten_cannot_be_asked_about_any_more(talk: Conversation) -> None:
    say(talk, "The password is tulip.")
    obey(talk, "/forget last")
    with pytest.raises(InvalidInput, match="nothing has been answered"):
        obey(talk, "/why")


def test_an_unknown_key_is_not_forgotten(talk: Conversation) -> None:
    with pytest.raises(InvalidInput, match="no memory has the key 'nope'"):
        obey(talk, "/forget nope")


# Pinning -----------------------------------------------------------------------------------------


def test_a_text_is_remembered_and_pinned(talk: Conversation) -> None:
    shown = obey(talk, "/pin Answer in French.")
    (record,) = talk.memory.pinned()
    assert (record.text, record.speaker) == ("Answer in French.", "Nora")
    assert seen(shown) == f"Pinned: Answer in French. ({record.key})"


def test_a_key_pins_the_memory_that_has_it(talk: Conversation) -> None:
    talk.memory.add("Nora is vegan.", key="k")
    obey(talk, "/pin k")
    assert [record.key for record in talk.memory.pinned()] == ["k"]
    assert talk.memory.count() == 1


def test_what_was_pinned_is_in_the_prompt_of_every_session(talk: Conversation) -> None:
    obey(talk, "/pin Answer in French.")
    obey(talk, "/session tuesday")
    say(talk, "Hello")
    assert talk.reply is not None
    assert "Answer in French." in talk.reply.text


def test_a_text_that_was_added_before_is_pinned_too(talk: Conversation) -> None:
    talk.memory.add("Answer in French.", speaker="Nora")
    obey(talk, "/pin Answer in French.")
    assert talk.memory.count() == 1
    assert len(talk.memory.pinned()) == 1


def test_pin_alone_lists_what_is_pinned(talk: Conversation) -> None:
    assert seen(obey(talk, "/pin")) == "Nothing is pinned."
    obey(talk, "/pin Answer in French.")
    shown = obey(talk, "/pin")
    assert "Answer in French. notes#" in seen(shown)
    assert [record["text"] for record in shown.data["pinned"]] == ["Answer in French."]


def test_a_mistyped_key_is_not_pinned_as_a_text(talk: Conversation) -> None:
    with pytest.raises(InvalidInput, match="no memory has the key 'notes#1234'"):
        obey(talk, "/pin notes#1234")
    assert talk.memory.count() == 0


def test_unpin_leaves_the_memory(talk: Conversation) -> None:
    talk.memory.add("Nora is vegan.", key="k")
    obey(talk, "/pin k")
    assert seen(obey(talk, "/unpin k")) == "No longer pinned: Nora is vegan. (k)"
    assert talk.memory.pinned() == []
    assert talk.memory.count() == 1


# Sessions ----------------------------------------------------------------------------------------


def test_session_alone_shows_where_one_is_and_the_latest_sessions(talk: Conversation) -> None:
    say(talk, "Hello")
    obey(talk, "/session tuesday")
    say(talk, "Hello again")
    shown = obey(talk, "/session")
    assert shown.data == {"session": "tuesday", "turns": 2, "sessions": ["tuesday", "monday"]}
    assert "The session is tuesday, with 2 turns." in seen(shown)
    assert "monday" in seen(shown)


def test_in_an_empty_memory_session_shows_its_name(talk: Conversation) -> None:
    assert seen(obey(talk, "/session")) == "The session is monday, with 0 turns."


def test_a_session_that_is_gone_back_to_goes_on(talk: Conversation) -> None:
    say(talk, "My bicycle is green.")
    obey(talk, "/session tuesday")
    assert seen(obey(talk, "/session monday")) == "The session is monday, with 2 turns."
    say(talk, "Really green.")
    assert talk.reply is not None
    assert talk.reply.prompt.earlier[0].content == "My bicycle is green."


def test_in_another_session_there_is_no_last_answer(talk: Conversation) -> None:
    say(talk, "Hello")
    obey(talk, "/session tuesday")
    with pytest.raises(InvalidInput, match="nothing has been answered in this session"):
        obey(talk, "/why")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/recall", "say what to look for: /recall QUESTION"),
        ("/forget", "say what to forget: /forget last, or /forget KEY"),
        ("/unpin", "say what is to be pinned no longer: /unpin KEY"),
        ("/unpin nope", "no memory has the key 'nope'"),
        ("/forget last", "nothing has been said in this session"),
    ],
)
def test_a_command_that_cannot_be_done_says_what_it_needs(
    talk: Conversation, line: str, sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        obey(talk, line)

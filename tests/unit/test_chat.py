"""A chatbot that remembers: ``memory.chat(generator)``."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem import AsyncMemory, Memory
from remem.attach.chat import AsyncChat, Chat
from remem.contents import pin
from remem.generators.prompts import Prompt
from remem.recall.prompt import framed
from remem.store import InvalidInput, RememError, UpstreamError
from remem.testing import EchoGenerator, HashEncoder


class Parrot(EchoGenerator):
    """Gives its answers in turn, a word at a time, and then begins again; keeps its prompts."""

    def __init__(self, *answers: str) -> None:
        super().__init__()
        self._answers = answers
        self.prompts: list[Prompt] = []

    def generate(self, prompt: Prompt) -> str:
        return "".join(self.stream(prompt))

    def stream(self, prompt: Prompt) -> Iterator[str]:
        self.prompts.append(prompt)
        words = self._answers[(len(self.prompts) - 1) % len(self._answers)].split(" ")
        yield words[0]
        yield from (f" {word}" for word in words[1:])


class Broken(EchoGenerator):
    """Says two words and fails."""

    def generate(self, prompt: Prompt) -> str:
        return "".join(self.stream(prompt))

    def stream(self, prompt: Prompt) -> Iterator[str]:
        yield "Well"
        yield ", "
        raise UpstreamError("the model is gone")


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        yield memory


def stored(memory: Memory) -> list[str]:
    return [record.text for record in memory.scan()]


def read_again(parrot: Parrot) -> list[str]:
    """The earlier messages in the last prompt."""
    return [message.content for message in parrot.prompts[-1].earlier]


# One exchange ------------------------------------------------------------------------------------


def test_a_reply_has_its_text_what_was_recalled_and_the_whole_prompt(memory: Memory) -> None:
    memory.add("The dog is called Pickle.")
    reply = memory.chat(Parrot("Pickle."), instructions="Be brief.").send("What is the dog called?")
    assert (reply.text, str(reply), reply.problem) == ("Pickle.", "Pickle.", None)
    assert [one.record.text for one in reply.recalled] == ["The dog is called Pickle."]
    assert reply.prompt.question == "What is the dog called?"
    assert reply.prompt.instructions == "Be brief."
    assert reply.prompt.context is not None
    assert "Pickle" in reply.prompt.context.text


def test_both_sides_of_an_exchange_are_remembered(memory: Memory) -> None:
    memory.chat(Parrot("Noted. "), "s", speaker="Nora").send("My bicycle is green.")
    asked, answered = memory.scan()
    assert (asked.text, asked.role, asked.speaker) == ("My bicycle is green.", "user", "Nora")
    assert (answered.text, answered.role) == ("Noted.", "assistant")


def test_the_present_conversation_is_read_again_not_recalled(memory: Memory) -> None:
    parrot = Parrot("Noted.")
    bot = memory.chat(parrot)
    bot.send("My bicycle is green.")
    reply = bot.send("What colour is my bicycle?")
    assert read_again(parrot) == ["My bicycle is green.", "Noted."]
    assert reply.recalled == ()


def test_what_the_model_no_longer_reads_is_recalled(memory: Memory) -> None:
    parrot = Parrot("Noted.")
    bot = memory.chat(parrot, earlier=2)
    for message in ("My bicycle is green.", "Good morning to you all."):
        bot.send(message)
    reply = bot.send("What colour is my bicycle?")
    assert read_again(parrot) == ["Good morning to you all.", "Noted."]
    assert "My bicycle is green." in [one.record.text for one in reply.recalled]


def test_with_earlier_0_the_model_reads_only_the_message(memory: Memory) -> None:
    parrot = Parrot("Noted.")
    bot = memory.chat(parrot, earlier=0)
    bot.send("My bicycle is green.")
    bot.send("Goodbye.")
    assert read_again(parrot) == []


def test_budget_k_and_floor_limit_what_is_recalled(memory: Memory) -> None:
    for n in range(9):
        memory.add(f"The dog is called Pickle, said neighbour {n}.")
    question = "What is the dog called?"
    assert len(memory.chat(Parrot("x"), k=2).send(question).recalled) == 2
    assert memory.chat(Parrot("x"), budget=0).send(question).recalled == ()
    assert memory.chat(Parrot("x"), floor=1.0).send("What is the cat called?").recalled == ()


def test_what_is_pinned_is_in_every_prompt_once(memory: Memory) -> None:
    pin(memory, memory.add("Nora is vegan.").key)
    bot = memory.chat(Parrot("Noted."))
    for message in ("Hello there", "Is Nora vegan?"):
        context = bot.send(message).prompt.context
        assert context is not None
        assert context.text.count("Nora is vegan.") == 1


def test_the_same_exchange_twice_is_remembered_twice(memory: Memory) -> None:
    bot = memory.chat(Parrot("Fine."))
    for _ in range(3):
        bot.send("How are you?")
    assert stored(memory) == ["How are you?", "Fine."] * 3


@given(st.lists(st.sampled_from(["yes", "no", "Hello", " why? "]), min_size=1, max_size=6))
def test_every_turn_is_stored_once_and_in_order_whatever_is_said(messages: list[str]) -> None:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        bot = memory.chat(Parrot("ok", "yes"))
        replies = [bot.send(message).text for message in messages]
        spoken = [turn for pair in zip(messages, replies, strict=True) for turn in pair]
        assert stored(memory) == spoken


@pytest.mark.parametrize("message", ["", " \n"])
def test_an_empty_message_is_refused(memory: Memory, message: str) -> None:
    bot = memory.chat(Parrot("x"))
    with pytest.raises(InvalidInput, match="the message is empty"):
        bot.send(message)
    with pytest.raises(InvalidInput, match="the message is empty"):
        bot.stream(message)


def test_a_negative_number_of_earlier_messages_is_refused(memory: Memory) -> None:
    with pytest.raises(InvalidInput, match="earlier messages is -1: give 0 or more"):
        memory.chat(Parrot("x"), earlier=-1)


# Streams -----------------------------------------------------------------------------------------


def test_a_stream_gives_pieces_and_in_the_end_the_reply(memory: Memory) -> None:
    memory.add("The dog is called Pickle.")
    streamed = memory.chat(Parrot("It is Pickle.")).stream("What is the dog called?")
    assert [one.record.text for one in streamed.recalled] == ["The dog is called Pickle."]
    assert list(streamed) == ["It", " is", " Pickle."]
    assert streamed.reply.text == "It is Pickle."
    assert streamed.reply.prompt == streamed.prompt


def test_a_stream_is_remembered_when_it_ends_and_not_before(memory: Memory) -> None:
    streamed = memory.chat(Parrot("one two")).stream("Count!")
    pieces = iter(streamed)
    assert [next(pieces), next(pieces)] == ["one", " two"]
    assert stored(memory) == []
    assert next(pieces, None) is None
    assert stored(memory) == ["Count!", "one two"]


def test_a_stream_that_is_closed_leaves_memory_and_conversation_as_they_were(
    memory: Memory,
) -> None:
    parrot = Parrot("one two three")
    bot = memory.chat(parrot)
    streamed = bot.stream("Count!")
    next(iter(streamed))
    streamed.close()
    assert list(streamed) == []
    assert stored(memory) == []
    bot.send("Hello")
    assert read_again(parrot) == []


def test_a_stream_that_nobody_reads_is_not_remembered(memory: Memory) -> None:
    memory.chat(Parrot("one")).stream("Count!").close()
    assert stored(memory) == []


def test_closing_a_stream_that_has_ended_changes_nothing(memory: Memory) -> None:
    streamed = memory.chat(Parrot("one")).stream("Count!")
    assert list(streamed) == ["one"]
    streamed.close()
    assert stored(memory) == ["Count!", "one"]


def test_a_reply_that_is_not_complete_cannot_be_had(memory: Memory) -> None:
    streamed = memory.chat(Parrot("one two")).stream("Count!")
    next(iter(streamed))
    with pytest.raises(InvalidInput, match="read all pieces of the stream first"):
        streamed.reply  # noqa: B018


# Failures ----------------------------------------------------------------------------------------


def test_a_generator_that_fails_leaves_memory_and_conversation_as_they_were(
    memory: Memory,
) -> None:
    bot = memory.chat(Broken(), "s")
    for send in (bot.send, lambda message: list(bot.stream(message))):
        with pytest.raises(UpstreamError, match="the model is gone"):
            send("Hello")
    assert stored(memory) == []


def test_after_a_failure_the_message_can_be_sent_again(memory: Memory) -> None:
    with pytest.raises(UpstreamError):
        memory.chat(Broken(), "s").send("Hello")
    parrot = Parrot("Hi")
    memory.chat(parrot, "s").send("Hello")
    assert read_again(parrot) == []
    assert stored(memory) == ["Hello", "Hi"]


def test_a_memory_that_fails_does_not_take_the_chat_down(tmp_path: Path) -> None:
    memory = Memory(tmp_path, encoder=HashEncoder())
    parrot = Parrot("Hi")
    bot = memory.chat(parrot)
    bot.send("Hello")
    memory.close()
    reply = bot.send("Still there?")
    assert (reply.text, reply.recalled) == ("Hi", ())
    assert reply.problem is not None
    assert reply.problem.startswith("nothing could be recalled")
    bot.send("And now?")
    assert read_again(parrot) == ["Hello", "Hi", "Still there?", "Hi"]


def test_what_of_a_message_is_not_remembered_is_told(memory: Memory) -> None:
    reply = memory.chat(Parrot("Hi")).send(framed(["[k1] Ana: Hello"]))
    assert str(reply.problem).startswith("nothing was remembered: ")
    assert stored(memory) == []


# Sessions ----------------------------------------------------------------------------------------


def test_a_chat_without_a_name_is_a_session_of_its_own(memory: Memory) -> None:
    first, second = memory.chat(Parrot("a")), memory.chat(Parrot("b"))
    first.send("Hello")
    second.send("Hello")
    assert first.session != second.session
    assert {source.source for source in memory.sources()} == {first.session, second.session}


def test_a_session_goes_on_in_another_process(tmp_path: Path) -> None:
    with Memory(tmp_path, encoder=HashEncoder()) as memory:
        memory.chat(Parrot("Noted."), "garden").send("My bicycle is green.")
    with Memory(tmp_path, encoder=HashEncoder()) as memory:
        parrot = Parrot("Green.")
        memory.chat(parrot, "garden").send("What colour is it?")
        assert read_again(parrot) == ["My bicycle is green.", "Noted."]
        assert stored(memory) == [
            "My bicycle is green.",
            "Noted.",
            "What colour is it?",
            "Green.",
        ]


@pytest.mark.parametrize("earlier", [0, 2, 12])
def test_the_same_words_in_a_resumed_session_are_stored_again(memory: Memory, earlier: int) -> None:
    for _ in range(8):
        memory.chat(Parrot("Fine."), "s", earlier=earlier).send("How are you?")
    assert stored(memory) == ["How are you?", "Fine."] * 8


def test_in_a_new_session_an_old_one_is_recalled(memory: Memory) -> None:
    memory.chat(Parrot("Noted."), "monday").send("My bicycle is green.")
    reply = memory.chat(Parrot("Green."), "tuesday").send("What colour is my bicycle?")
    assert "My bicycle is green." in [one.record.text for one in reply.recalled]


def test_a_session_that_was_imported_goes_on(memory: Memory) -> None:
    memory.add_messages(
        [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}], session="s"
    )
    parrot = Parrot("Fine.")
    memory.chat(parrot, "s").send("How are you?")
    assert read_again(parrot) == ["Hello", "Hi"]
    assert stored(memory) == ["Hello", "Hi", "How are you?", "Fine."]


def test_another_namespace_knows_nothing_of_the_session(memory: Memory) -> None:
    memory.chat(Parrot("Noted."), "s").send("My bicycle is green.")
    parrot = Parrot("?")
    reply = memory.in_namespace("other").chat(parrot, "s").send("What colour is my bicycle?")
    assert (reply.recalled, read_again(parrot)) == ((), [])


# Forgetting --------------------------------------------------------------------------------------


def test_the_last_exchange_is_forgotten_in_memory_and_conversation(memory: Memory) -> None:
    parrot = Parrot("Noted.", "Never mind.")
    bot = memory.chat(parrot)
    bot.send("My bicycle is green.")
    bot.send("The password is tulip.")
    gone = bot.forget_last()
    assert sorted(record.text for record in gone) == ["Never mind.", "The password is tulip."]
    assert stored(memory) == ["My bicycle is green.", "Noted."]
    bot.send("What is the password?")
    assert read_again(parrot) == ["My bicycle is green.", "Noted."]


def test_exchanges_are_forgotten_one_after_the_other_until_there_is_none(memory: Memory) -> None:
    bot = memory.chat(Parrot("a", "b"))
    bot.send("one")
    bot.send("two")
    bot.forget_last()
    bot.forget_last()
    assert stored(memory) == []
    with pytest.raises(InvalidInput, match="nothing has been said in this session"):
        bot.forget_last()


def test_what_was_said_before_a_session_was_resumed_can_be_forgotten(memory: Memory) -> None:
    first = memory.chat(Parrot("a", "b"), "s")
    first.send("one")
    first.send("two")
    memory.chat(Parrot("x"), "s").forget_last()
    assert stored(memory) == ["one", "a"]


def test_forgetting_one_of_two_equal_exchanges_leaves_the_other(memory: Memory) -> None:
    bot = memory.chat(Parrot("Fine."))
    bot.send("How are you?")
    bot.send("How are you?")
    bot.forget_last()
    assert stored(memory) == ["How are you?", "Fine."]


def test_what_was_forgotten_can_be_said_again(memory: Memory) -> None:
    bot = memory.chat(Parrot("Hi"))
    bot.send("Hello")
    bot.forget_last()
    bot.send("Hello")
    assert stored(memory) == ["Hello", "Hi"]


def test_an_exchange_that_was_never_remembered_is_forgotten_in_the_conversation() -> None:
    class Moody(HashEncoder):
        works = False

        def encode_documents(self, texts: Sequence[str]):  # type: ignore[no-untyped-def]
            if not self.works:
                raise RememError("no vectors today")
            return super().encode_documents(texts)

    with Memory(":memory:", encoder=Moody()) as memory:
        parrot = Parrot("Hi")
        bot = memory.chat(parrot)
        bot.send("Hello")
        assert bot.forget_last() == []
        bot.send("Good morning")
        assert read_again(parrot) == []


def test_a_single_memory_is_forgotten_with_its_versions(memory: Memory) -> None:
    note = memory.add("Nora is vegan.")
    memory.update(note.key, "Nora is vegetarian.")
    gone = memory.chat(Parrot("x")).forget(note.key)
    assert [record.text for record in gone] == ["Nora is vegan.", "Nora is vegetarian."]
    assert stored(memory) == []


def test_with_a_turn_its_exchange_leaves_the_conversation(memory: Memory) -> None:
    parrot = Parrot("Noted.")
    bot = memory.chat(parrot)
    bot.send("The password is tulip.")
    bot.send("Hello")
    (key,) = [record.key for record in memory.scan() if "tulip" in record.text]
    bot.forget(key)
    bot.send("What is the password?")
    assert read_again(parrot) == ["Hello", "Noted."]


def test_an_unknown_key_is_refused_and_nothing_forgotten(memory: Memory) -> None:
    note = memory.add("Nora is vegan.")
    with pytest.raises(InvalidInput, match="no memory has the key 'nope'; nothing was forgotten"):
        memory.chat(Parrot("x")).forget(note.key, "nope")
    assert stored(memory) == ["Nora is vegan."]


# For asyncio -------------------------------------------------------------------------------------


def test_an_async_chat_sends_and_streams_and_remembers(memory: Memory) -> None:
    async def talk() -> list[str]:
        bot = AsyncMemory(memory).chat(Parrot("one two"))
        reply = await bot.send("Count!")
        return [reply.text, *[piece async for piece in bot.stream("Again!")]]

    assert asyncio.run(talk()) == ["one two", "one", " two"]
    assert stored(memory) == ["Count!", "one two", "Again!", "one two"]


def test_an_async_stream_that_is_left_early_is_not_remembered(memory: Memory) -> None:
    async def talk() -> None:
        pieces = AsyncChat(Chat(memory, Parrot("one two three"))).stream("Count!")
        assert await anext(pieces) == "one"
        await pieces.aclose()  # type: ignore[attr-defined]

    asyncio.run(talk())
    assert stored(memory) == []


class Slow(EchoGenerator):
    """Says a word, and the next when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.may_go_on, self.closed = (threading.Event() for _ in range(3))

    def stream(self, prompt: Prompt) -> Iterator[str]:
        try:
            yield "one"
            self.began.set()
            assert self.may_go_on.wait(60)
            yield " two"
            yield " three"
        finally:
            self.closed.set()


@pytest.mark.parametrize("way", ["send", "stream"])
def test_a_cancelled_task_stops_the_generator_and_nothing_is_remembered(
    memory: Memory, way: str
) -> None:
    slow = Slow()
    bot = AsyncChat(Chat(memory, slow))

    async def read() -> None:
        if way == "send":
            await bot.send("Count!")
        else:
            async for _ in bot.stream("Count!"):
                pass

    async def cancel() -> None:
        task = asyncio.create_task(read())
        await asyncio.to_thread(slow.began.wait, 60)
        task.cancel()
        slow.may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert slow.closed.is_set()
    assert stored(memory) == []


def test_an_async_generator_that_fails_raises_its_own_error(memory: Memory) -> None:
    async def talk() -> None:
        await AsyncChat(Chat(memory, Broken())).send("Hello")

    with pytest.raises(UpstreamError, match="the model is gone"):
        asyncio.run(talk())
    assert stored(memory) == []


# A model that reasons ----------------------------------------------------------------------------


def test_the_reasoning_of_a_model_is_in_the_reply_and_not_in_the_memory(memory: Memory) -> None:
    chat = memory.chat(Parrot("<think>By train?</think>Porto.", "<think>hm"), "trip")
    assert chat.send("Where to?").text == "<think>By train?</think>Porto."
    reply = chat.send("And then?")
    assert (reply.text, stored(memory)) == ("<think>hm", ["Where to?", "Porto."])
    assert "nothing but reasoning" in str(reply.problem)


def test_a_chat_with_a_model_that_reasons_goes_on_where_it_was(memory: Memory) -> None:
    memory.chat(Parrot("<think>By train?</think>Porto."), "trip").send("Where to?")
    memory.chat(Parrot("<think>June?</think>May."), "trip").send("When?")
    assert stored(memory) == ["Where to?", "Porto.", "When?", "May."]

"""``Chat``: a chatbot that remembers, in Python; and its face for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from remem.attach.attachment import Attachment, Exchange
from remem.generators.prompts import Message, Prompt
from remem.recall.recollection import Recollection
from remem.recall.relevance import FLOOR
from remem.store import F, InvalidInput, Record
from remem.versions import LAST

if TYPE_CHECKING:
    from remem.generators import opening
    from remem.memory import Memory


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the bot.

    Attributes:
        text: The answer.
        recalled: The memories that it was given, in chronological order.
        prompt: All that it was given.
        problem: Why it had to do without memory, why the exchange could not be remembered, or what
            of it was left out.
    """

    text: str
    recalled: tuple[Recollection, ...]
    prompt: Prompt
    problem: str | None = None

    def __str__(self) -> str:
        return self.text


class Chat:
    """A conversation with a generator that remembers this one and all that came before.

    An exchange is remembered when its answer is complete. If the generator fails, or a stream is
    not read to its end, memory and conversation stay as they were, and the message can be sent
    again. One message at a time.

    Args:
        memory: What is recalled from, and remembered to.
        generator: What answers.
        session: The conversation. If it is remembered already, the bot goes on with it; None: a
            new one, named after the present time.
        instructions: What the bot is told to be.
        speaker: Name of the user, as it is remembered.
        budget, k, floor: Most tokens of memories, most memories, and their least relevance.
        earlier: How many of the last messages of the conversation the model reads again; older
            ones are recalled where they matter.
    """

    def __init__(
        self,
        memory: Memory,
        generator: opening.Generator,
        session: str | None = None,
        *,
        instructions: str | None = None,
        speaker: str | None = None,
        budget: int = 1000,
        k: int = 50,
        floor: float = FLOOR,
        earlier: int = 12,
    ) -> None:
        if earlier < 0:
            raise InvalidInput(f"the number of earlier messages is {earlier}: give 0 or more")
        self.session = session or f"chat/{datetime.now().isoformat()}"
        self._generator = generator
        self._attachment = Attachment(memory, budget, k, floor, generator.count_tokens)
        self._instructions = instructions
        self._speaker = speaker
        self._earlier = earlier
        # The whole session, because the keys of turns chain over it; see ``conversation.turns_of``.
        self._said = _spoken(memory.last(self.session, LAST)) if session else []

    def send(self, message: str) -> Reply:
        """The bot's answer to a message.

        Raises:
            InvalidInput: the message is empty.
            UpstreamError: the generator failed.
        """
        exchange, prompt = self._ask(message)
        return self._answered(message, exchange, prompt, self._generator.generate(prompt))

    def stream(self, message: str) -> StreamedReply:
        """The answer in pieces, as they come; raises as ``send``."""
        exchange, prompt = self._ask(message)
        return StreamedReply(self, message, exchange, prompt)

    def forget(self, *keys: str) -> list[Record]:
        """Wipe memories out of every file, and the exchanges that they were said in out of the
        conversation. Returns what was forgotten, all versions of it.

        Raises:
            InvalidInput: no memory has one of the keys; nothing was forgotten.
        """
        memory = self._attachment.memory
        unknown = [key for key in keys if not memory.history(key)]
        if unknown:
            raise InvalidInput(f"no memory has the key {unknown[0]!r}; nothing was forgotten")
        gone = memory.wipe(F("key").in_(keys)) if keys else ()
        forgotten = {each.key for each in gone}
        self._said = [each for each in self._said if each.keys.isdisjoint(forgotten)]
        return list(gone)

    def forget_last(self) -> list[Record]:
        """Forget the last exchange; see ``forget``.

        Raises:
            InvalidInput: there is none.
        """
        if not self._said:
            raise InvalidInput("nothing has been said in this session that could be forgotten")
        last = self._said[-1]
        known = [key for key in last.keys if self._attachment.memory.get(key) is not None]
        forgotten = self.forget(*known)
        self._said = [each for each in self._said if each is not last]
        return forgotten

    def _ask(self, message: str) -> tuple[Exchange, Prompt]:
        if not message.strip():
            raise InvalidInput("the message is empty; say something")
        said = [message for each in self._said for message in each.messages]
        first = max(0, len(said) - self._earlier)
        asked = _message("user", message, self._speaker)
        exchange = self._attachment.recall(
            [*said[first:], asked], self.session, earlier=said[:first]
        )
        earlier = tuple(Message(each["role"], each["content"]) for each in said[first:])
        return exchange, Prompt(message, exchange.context, earlier, self._instructions)

    def _answered(self, message: str, exchange: Exchange, prompt: Prompt, answer: str) -> Reply:
        answer = answer.strip()
        remembered = exchange.remember(answer)
        messages = (_message("user", message, self._speaker), _message("assistant", answer))
        keys = (*remembered.turns.added, *remembered.turns.unchanged)
        self._said.append(_Spoken(messages, frozenset(keys)))
        told = exchange.told(remembered)
        return Reply(answer, exchange.context.recollections, prompt, told)


@dataclass(frozen=True, slots=True)
class _Spoken:
    """Messages up to an answer, and the keys that they are remembered by."""

    messages: tuple[dict[str, Any], ...]
    keys: frozenset[str]


class StreamedReply:
    """An answer that is on its way: iterate over its pieces, once.

    Attributes:
        recalled: The memories that the generator was given.
        prompt: All that it was given.
    """

    def __init__(self, chat: Chat, message: str, exchange: Exchange, prompt: Prompt) -> None:
        self.prompt = prompt
        self.recalled = exchange.context.recollections
        self._reply: Reply | None = None
        self._pieces = self._run(chat, message, exchange)

    @property
    def reply(self) -> Reply:
        """The whole answer, once all pieces were read.

        Raises:
            InvalidInput: they were not.
        """
        if self._reply is None:
            raise InvalidInput("the answer is not complete: read all pieces of the stream first")
        return self._reply

    def __iter__(self) -> Iterator[str]:
        return self._pieces

    def close(self) -> None:
        """Stop the generator; an answer that is not complete is not remembered."""
        self._pieces.close()

    def _run(self, chat: Chat, message: str, exchange: Exchange) -> Generator[str, None, None]:
        answer = ""
        for piece in chat._generator.stream(self.prompt):
            answer += piece
            yield piece
        self._reply = chat._answered(message, exchange, self.prompt, answer)


class AsyncChat:
    """The same chat for asyncio; models and memory run in worker threads.

    Attributes:
        chat: The chat that does the work.
    """

    def __init__(self, chat: Chat) -> None:
        self.chat = chat

    async def send(self, message: str) -> Reply:
        """See ``Chat.send``."""
        reply = await asyncio.to_thread(self.chat.stream, message)
        async with aclosing(_pieces(reply)) as pieces:
            async for _ in pieces:
                pass
        return reply.reply

    async def stream(self, message: str) -> AsyncIterator[str]:
        """See ``Chat.stream``."""
        reply = await asyncio.to_thread(self.chat.stream, message)
        async with aclosing(_pieces(reply)) as pieces:
            async for piece in pieces:
                yield piece


async def _pieces(reply: StreamedReply) -> AsyncGenerator[str, None]:
    pieces = iter(reply)
    while True:
        step = asyncio.ensure_future(asyncio.to_thread(next, pieces, None))
        try:
            # A thread cannot be stopped, and only when it is done can the stream be closed.
            piece = await asyncio.shield(step)
            if piece is None:
                return
            yield piece
        except BaseException:
            await asyncio.shield(_closed(step, reply))
            raise


async def _closed(step: asyncio.Future[str | None], reply: StreamedReply) -> None:
    await asyncio.gather(step, return_exceptions=True)
    await asyncio.to_thread(reply.close)


def _spoken(turns: Iterable[Record]) -> list[_Spoken]:
    """Remembered turns, parted behind each answer."""
    parts: list[list[Record]] = [[]]
    for turn in turns:
        parts[-1].append(turn)
        if turn.role == "assistant":
            parts.append([])
    return [
        _Spoken(
            tuple(_message(turn.role or "user", turn.text, turn.speaker) for turn in part),
            frozenset(turn.key for turn in part),
        )
        for part in parts
        if part
    ]


def _message(role: str, content: str, name: str | None = None) -> dict[str, Any]:
    return {"role": role, "content": content, "name": name}

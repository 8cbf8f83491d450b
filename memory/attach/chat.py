"""``Chat``: a chatbot that remembers, in Python; and its face for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from memory.attach.attachment import Attachment, Exchange
from memory.attach.layout import Message, Prompt
from memory.recall.ranking import Recollection
from memory.recall.relevance import FLOOR
from store import InvalidInput

if TYPE_CHECKING:
    from memory.attach import generators
    from memory.engine import Memory

__all__ = ["AsyncChat", "Chat", "Reply", "StreamedReply"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bot said.

    Attributes:
        text: The answer.
        recalled: The memories that it was given, in chronological order.
        prompt: All that it was given.
        problem: Why it had to do without memory, or why the exchange could not be remembered.
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
        generator: generators.Generator,
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
        said = memory.last(self.session, earlier) if session else []
        self._said = [_message(turn.role or "user", turn.text, turn.speaker) for turn in said]

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

    def _ask(self, message: str) -> tuple[Exchange, Prompt]:
        if not message.strip():
            raise InvalidInput("the message is empty; say something")
        first = max(0, len(self._said) - self._earlier)
        asked = _message("user", message, self._speaker)
        exchange = self._attachment.recall(
            [*self._said[first:], asked], self.session, earlier=self._said[:first]
        )
        earlier = tuple(Message(each["role"], each["content"]) for each in self._said[first:])
        return exchange, Prompt(message, exchange.context, earlier, self._instructions)

    def _answered(self, message: str, exchange: Exchange, prompt: Prompt, answer: str) -> Reply:
        answer = answer.strip()
        remembered = exchange.remember(answer)
        self._said += [_message("user", message, self._speaker), _message("assistant", answer)]
        problem = exchange.problem or remembered.problem
        return Reply(answer, exchange.context.recollections, prompt, problem)


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
        return await asyncio.to_thread(self.chat.send, message)

    async def stream(self, message: str) -> AsyncIterator[str]:
        """See ``Chat.stream``."""
        reply = await asyncio.to_thread(self.chat.stream, message)
        pieces = iter(reply)
        try:
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                yield piece
        finally:
            await asyncio.shield(asyncio.to_thread(reply.close))


def _message(role: str, content: str, name: str | None = None) -> dict[str, Any]:
    return {"role": role, "content": content, "name": name}

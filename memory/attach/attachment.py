"""Memory around a generation: recall before it, remember after it. What all roads share.

::

    exchange = Attachment(memory).recall(messages)
    answer = model(exchange.messages)  # the block of memories is in front of the question
    exchange.remember(answer)

A model whose answer failed, or was cancelled, is never followed by ``remember``, so that memory
stays as it was. A memory that fails does not take the chat down: the messages go on without it,
``problem`` says why, and so does the log.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from memory.attach.conversation import (
    last_of_user,
    places_of,
    session_of,
    turns_of,
    unanswered,
)
from memory.attach.placement import check_placement, placed
from memory.attach.prefixes import Measure
from memory.attach.replay import Replay, Replays
from memory.clock import now
from memory.engine import Memory
from memory.recall.prompt import Context, CountTokens, estimate_tokens, without_block
from memory.recall.relevance import FLOOR
from memory.recorder import Added
from store import Record, RememError

__all__ = ["Attachment", "Exchange", "Remembered"]

logger = logging.getLogger("remem")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A memory, and how much of it a model is given.

    Attributes:
        memory: Whose turns are recalled and remembered.
        budget: Most tokens of the block of memories.
        k: Most memories.
        floor: The least relevance of a memory; see ``Memory.context``.
        count_tokens: The model's tokenizer; by default an estimate.
        placement: Where the block goes: ``message``, ``system`` or ``tool``; see
            ``memory.attach.placement``.
        replays: Sends blocks again with their messages; None: a block is sent once.

    Raises:
        InvalidInput: there is no such placement.
    """

    memory: Memory
    budget: int = 1000
    k: int = 50
    floor: float = FLOOR
    count_tokens: CountTokens = field(default=estimate_tokens, repr=False)
    placement: str = "message"
    replays: Replays | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_placement(self.placement)

    def recall(
        self,
        messages: Sequence[Mapping[str, Any]],
        session: str | None = None,
        *,
        earlier: Sequence[Mapping[str, Any]] = (),
    ) -> Exchange:
        """The conversation as the model should read it; never raises.

        Args:
            messages: What the model reads, in the form of OpenAI, oldest first. Memories that say
                the same are left out.
            session: The conversation they belong to; None: named after how it begins.
            earlier: What was said in the session before, if the model reads only its end.
        """
        asked_at = now()
        said: list[Record] = []
        try:
            whole = [*earlier, *messages]
            name = session or session_of(whole)
            said = turns_of(whole, name)
            places = {n - len(earlier): key for n, key in places_of(whole, name).items()}
            keys = {n: key for n, key in places.items() if n >= 0}
            return self._recalled(messages, said, keys, asked_at)
        except Exception as error:  # whatever it is, the chat goes on
            problem = _problem("recalled", error)
            return Exchange(self, asked_at, tuple(messages), tuple(said), problem=problem)

    def _recalled(
        self,
        messages: Sequence[Mapping[str, Any]],
        said: Sequence[Record],
        keys: Mapping[int, str],
        asked_at: datetime,
    ) -> Exchange:
        """Recall, and put what is recalled where the model reads it.

        Args:
            keys: Of the user's turns, by the places of their messages.
        """
        question = last_of_user(messages)
        replay = Replay()
        if self.replays is not None:
            begun = question < len(messages) - 1
            replay = self.replays.of(self.memory, keys, question, begun=begun)
        context = replay.contexts.get(question)
        if context is None:
            visible = {turn.text for turn in turns_of(messages, "")} | replay.texts
            context = self._context(unanswered(said), visible, asked_at)
        contexts = {**replay.contexts, question: context}
        blocks = {place: each.text for place, each in contexts.items() if place >= 0}
        prompt = tuple(placed(messages, blocks, self.placement))
        exchange = Exchange(self, asked_at, prompt, tuple(said), context, any(blocks.values()))
        if self.replays is None:
            return exchange
        if question in keys and question not in replay.contexts:
            self.replays.keep(self.memory, keys[question], context, asked_at)
        return replace(exchange, measure=self.replays.measure(self.memory, prompt))

    def _context(
        self, asked: Sequence[Record], visible: Collection[str], asked_at: datetime
    ) -> Context:
        if not asked:
            return Context()
        return self.memory.context(
            "\n".join(turn.text for turn in asked),
            budget=self.budget,
            count_tokens=self.count_tokens,
            k=self.k,
            floor=self.floor,
            now=asked_at,
            known=visible,
        )


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question on its way to a model.

    Attributes:
        attachment: Where it will be remembered.
        asked_at: When it was asked.
        messages: What the model should read, the memories included.
        said: The turns of the session so far; see ``conversation.turns_of``.
        context: What was recalled.
        changed: Whether there are memories in the messages.
        measure: How long the messages are, and how much of them was sent before; zero where the
            attachment has no replays.
        problem: Why nothing could be recalled, in one sentence.
    """

    attachment: Attachment
    asked_at: datetime
    messages: tuple[Mapping[str, Any], ...]
    said: tuple[Record, ...] = ()
    context: Context = field(default_factory=Context)
    changed: bool = False
    measure: Measure = field(default_factory=Measure)
    problem: str | None = None

    def remember(self, answer: str, name: str | None = None) -> Remembered:
        """Store the question together with its answer, once; never raises.

        An empty answer (a call of tools, say) is not the end of the exchange: nothing is stored.

        Args:
            name: Of who answered.
        """
        asked = unanswered(self.said)
        if not asked or not without_block(answer).strip():
            return Remembered()
        session = asked[0].source
        try:
            said = [_message(turn) for turn in self.said]
            *_, reply = turns_of([*said, _answer(answer, name)], session)
            new = [_message(turn) | {"time": turn.said_at or self.asked_at} for turn in asked]
            new.append(_message(reply) | {"time": now()})
            return Remembered(self.attachment.memory.add_messages(new, session=session))
        except Exception as error:  # the answer is the user's, whatever became of the memory
            return Remembered(problem=_problem("remembered", error))


@dataclass(frozen=True, slots=True)
class Remembered:
    """What became of an exchange.

    Attributes:
        turns: Keys of what was stored, and of what was stored already.
        problem: Why it could not be stored, in one sentence.
    """

    turns: Added = field(default_factory=Added)
    problem: str | None = None


def _message(turn: Record) -> dict[str, Any]:
    return {
        "role": turn.role,
        "content": turn.text,
        "name": turn.speaker,
        "id": turn.key.removeprefix(f"{turn.source}#"),
        "metadata": turn.metadata,
    }


def _answer(text: str, name: str | None) -> dict[str, Any]:
    return {"role": "assistant", "content": text, "name": name}


def _problem(what: str, error: Exception) -> str:
    reason = str(error) if isinstance(error, RememError) else f"{type(error).__name__}: {error}"
    logger.warning("nothing could be %s: %s", what, reason, exc_info=error)
    return f"nothing could be {what}: {reason}"

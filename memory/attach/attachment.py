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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from memory.attach.conversation import session_of, turns_of, unanswered, with_block
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
    """

    memory: Memory
    budget: int = 1000
    k: int = 50
    floor: float = FLOOR
    count_tokens: CountTokens = field(default=estimate_tokens, repr=False)

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
            said = turns_of([*earlier, *messages], session or session_of([*earlier, *messages]))
            asked = unanswered(said)
            context = self._context(asked, turns_of(messages, ""), asked_at)
        except Exception as error:  # whatever it is, the chat goes on
            problem = _problem("recalled", error)
            return Exchange(self, asked_at, tuple(messages), tuple(said), problem=problem)
        block = with_block(messages, context.text)
        return Exchange(self, asked_at, tuple(block), tuple(said), context)

    def _context(
        self, asked: Sequence[Record], visible: Sequence[Record], asked_at: datetime
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
            known={turn.text for turn in visible},
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
        problem: Why nothing could be recalled, in one sentence.
    """

    attachment: Attachment
    asked_at: datetime
    messages: tuple[Mapping[str, Any], ...]
    said: tuple[Record, ...] = ()
    context: Context = field(default_factory=Context)
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
            turns = self.attachment.memory.add_messages(new, session=session)
            taken_out = "; ".join(map(str, turns.removed))
            return Remembered(turns, f"not stored: {taken_out}" if taken_out else None)
        except Exception as error:  # the answer is the user's, whatever became of the memory
            return Remembered(problem=_problem("remembered", error))


@dataclass(frozen=True, slots=True)
class Remembered:
    """What became of an exchange.

    Attributes:
        turns: Keys of what was stored, and of what was stored already.
        problem: Why it could not be stored, or what of it was not, in one sentence.
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

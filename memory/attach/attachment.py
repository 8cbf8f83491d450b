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
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from remem.attach.conversation import (
    check_placement,
    keyed,
    last_of,
    placed,
    session_of,
    turns_at,
    unanswered,
)
from remem.attach.replay import Measure, Replay, Replays
from remem.dates import now
from remem.memory import Memory
from remem.messages import oddities, said_by
from remem.recall.order.echoes import RECALLED
from remem.recall.prompt import Context, CountTokens, estimate_tokens
from remem.recall.relevance import FLOOR
from remem.store import Conflict, DamagedRecord, Record, RememError
from remem.writer import Added

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
            ``remem.attach.conversation``.
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
            turns = turns_at(whole, session or session_of(whole))
            said = list(turns.values())
            read = {n - len(earlier): turn for n, turn in turns.items() if n >= len(earlier)}
            exchange = self._recalled(messages, said, read, asked_at)
            return replace(exchange, notice=_notice(messages, said))
        except Exception as error:  # whatever it is, the chat goes on
            problem = _problem("recalled", error)
            return Exchange(self, asked_at, tuple(messages), tuple(said), problem=problem)

    def passed_by(self, messages: Sequence[Mapping[str, Any]]) -> Exchange:
        """A conversation that memory has nothing to do with: nothing is recalled or remembered."""
        return Exchange(self, now(), tuple(messages))

    def _recalled(
        self,
        messages: Sequence[Mapping[str, Any]],
        said: Sequence[Record],
        read: Mapping[int, Record],
        asked_at: datetime,
    ) -> Exchange:
        """Recall, and put what is recalled where the model reads it.

        Args:
            read: The turns among the messages, by their places.
        """
        keys = {n: turn.key for n, turn in read.items() if turn.role == "user"}
        question = last_of("user", messages)
        replay = Replay()
        if self.replays is not None:
            begun = question < len(messages) - 1
            replay = self.replays.of(self.memory, keys, question, begun=begun)
        context = replay.contexts.get(question)
        if context is None:
            stored = (outcome.record for outcome in self.memory.guard.outcomes(read.values()))
            visible = {turn.text for turn in (*read.values(), *stored)} | replay.texts
            context = self._context(unanswered(said), visible, asked_at)
            if not self._has_place(messages, question):
                context = Context()  # nobody would read it
        contexts = {**replay.contexts, question: context}
        blocks = {place: each.text for place, each in contexts.items() if place >= 0}
        prompt = tuple(placed(messages, blocks, self.placement))
        given = tuple(dict.fromkeys(key for each in contexts.values() for key in each.keys))
        exchange = Exchange(
            self, asked_at, prompt, tuple(said), context, any(blocks.values()), given
        )
        if self.replays is None:
            return exchange
        if question in keys and question not in replay.contexts:
            self.replays.keep(self.memory, keys[question], context, asked_at)
        return replace(exchange, measure=self.replays.measure(self.memory, prompt))

    def _has_place(self, messages: Sequence[Mapping[str, Any]], question: int) -> bool:
        """True if a block for the question gets into the messages: there may be no question, or
        content of no known form."""
        given = list(messages)
        return question >= 0 and placed(given, {question: "block"}, self.placement) != given

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
        given: The keys of these memories, which are kept with the answer: what was made from a
            memory is no evidence for it.
        measure: How long the messages are, and how much of them was sent before; zero where the
            attachment has no replays.
        problem: Why nothing could be recalled, in one sentence.
        notice: What of the question cannot be remembered as it came, or that there is none, in one
            sentence.
    """

    attachment: Attachment
    asked_at: datetime
    messages: tuple[Mapping[str, Any], ...]
    said: tuple[Record, ...] = ()
    context: Context = field(default_factory=Context)
    changed: bool = False
    given: tuple[str, ...] = ()
    measure: Measure = field(default_factory=Measure)
    problem: str | None = None
    notice: str | None = None

    def only_read(self) -> Exchange:
        """The same with what was recalled, of which nothing will be remembered."""
        return replace(self, said=(), notice=None)

    def remember(self, answer: str, name: str | None = None) -> Remembered:
        """Store the question together with its answer, once; never raises.

        An answer without words (a call of tools, say) is not the end of the exchange: nothing is
        stored. Another answer to the same question takes the place of the earlier one, which stays
        in its history; so it is if the user went back to an earlier one and speaks on from there.

        Args:
            name: Of who answered.
        """
        asked = unanswered(self.said)
        said = said_by("assistant", answer)
        if not asked or not said.strip():
            return self.give_up(_WORDLESS) if answer.strip() else Remembered()
        try:
            self._go_back()
            answered = Record(
                "",
                asked[0].source,
                0,
                said,
                role="assistant",
                speaker=name,
                metadata={RECALLED: list(self.given)} if self.given else {},
            )
            turns = self._store(asked, keyed([*self.said, answered])[-1])
            taken_out = "; ".join(map(str, turns.removed))
            return Remembered(turns, f"not stored: {taken_out}" if taken_out else None)
        except Exception as error:  # the answer is the user's, whatever became of the memory
            return Remembered(problem=_problem("remembered", error))

    def told(self, remembered: Remembered | None = None) -> str | None:
        """The sentence to tell of memory: why it was not asked, why the exchange could not be
        remembered, or what of it was left out; None: all is well.

        Args:
            remembered: The outcome; None: it is not known yet.
        """
        return self.problem or (remembered and remembered.problem) or self.notice

    def give_up(self, why: str) -> Remembered:
        """Store nothing, because what came is no answer."""
        return Remembered(problem=_unremembered(why) if unanswered(self.said) else None)

    def _store(self, asked: Sequence[Record], reply: Record) -> Added:
        memory, session = self.attachment.memory, reply.source
        question = [_message(turn) | {"time": turn.said_at or self.asked_at} for turn in asked]
        answer = _message(reply) | {"time": now()}
        if memory.get(reply.key) is None:
            added = Added()
            with suppress(Conflict):  # of another process that answers the same
                added = memory.add_messages([*question, answer], session=session)
            if reply.key in added.added:
                return added
        else:
            added = memory.add_messages(question, session=session)
        # It was answered before: by the same words, which changes nothing, or by others.
        versions = memory.history(reply.key)
        known = {version.key for version in versions}
        labels = {name: value for name, value in versions[-1].metadata.items() if name != RECALLED}
        present = memory.update(
            reply.key, reply.text, said_at=answer["time"], metadata={**labels, **reply.metadata}
        ).key
        [outcome] = memory.guard.outcomes([replace(reply, key=present)])
        return Added(
            (*added.added, present),
            tuple(key for key in added.unchanged if key != reply.key),
            (*added.removed, *(outcome.removed if present not in known else ())),
        )

    def _go_back(self) -> None:
        """Make the answer that the user speaks on from the present one, if he was given others."""
        earlier = self.said[: len(self.said) - len(unanswered(self.said))]
        if not earlier or earlier[-1].role != "assistant":
            return
        memory = self.attachment.memory
        [chosen] = [outcome.record for outcome in memory.guard.outcomes(earlier[-1:])]
        with suppress(DamagedRecord):  # then it stays as it is, and the conversation goes on
            *former, present = memory.history(chosen.key) or [chosen]
            if present.text != chosen.text:
                for version in former:
                    if version.text == chosen.text:
                        memory.update(
                            chosen.key,
                            chosen.text,
                            said_at=version.said_at,
                            metadata=version.metadata,
                        )
                        break


@dataclass(frozen=True, slots=True)
class Remembered:
    """The outcome of an exchange.

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


_WORDLESS = "the answer is nothing but reasoning or memories"


_NOTHING_ASKED = "nothing was remembered: since the last answer nobody has said anything in words"


def _notice(messages: Sequence[Any], said: Sequence[Record]) -> str | None:
    """The parts of the question that cannot be kept; of what was said before, they were told."""
    first = last_of("assistant", messages) + 1
    notice = "; ".join(oddities(messages, first)) or (None if unanswered(said) else _NOTHING_ASKED)
    if notice:
        logger.warning("%s", notice)
    return notice


def _unremembered(why: str) -> str:
    problem = f"nothing was remembered: {why}"
    logger.warning("%s", problem)
    return problem


def _problem(what: str, error: Exception) -> str:
    is_ours = isinstance(error, RememError)  # which says all there is to say
    reason = str(error) if is_ours else f"{type(error).__name__}: {error}"
    logger.warning("nothing could be %s: %s", what, reason, exc_info=None if is_ours else error)
    return f"nothing could be {what}: {reason}"

"""A month of a person and a small model, through the proxy: facts that change, questions asked
again and again, answers made anew, messages sent twice, and a front end with tasks of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi")

from remem import Memory
from remem.recall.order.echoes import RECALLED
from remem.recall.recollection import Recollection
from remem.serve.app import create_app
from remem.serve.settings import ServeSettings
from remem.store.fulltext.tokens import content_words
from tests.openai_upstream import Upstream, upstream
from tests.serving import served

pytestmark = [pytest.mark.model, pytest.mark.slow]

DAYS = 30
FIRST_DAY = datetime(2025, 3, 1, 9, tzinfo=timezone.utc)
TASK = (
    "### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history.\n"
    '### Output:\nJSON format: { "title": "your concise title here" }\n'
    "### Chat History:\n<chat_history>\nUSER: {said}\n</chat_history>"
)


@dataclass(frozen=True)
class Fact:
    """A question, and what is said about it: by day, the statement that is true from then on."""

    question: str
    said: Mapping[int, str]

    @property
    def present(self) -> str:
        return self.said[max(self.said)]


FACTS = (
    Fact(
        "Where do I live?",
        {0: "I live in Bristol.", 9: "I live in York.", 21: "I live in Leeds."},
    ),
    Fact(
        "What is my phone number?",
        {1: "My phone number is 07700 900341.", 14: "My phone number is 07700 900877."},
    ),
    Fact(
        "How much rent do I pay?",
        {2: "I pay 740 pounds of rent.", 11: "I pay 815 pounds of rent.", 24: "I pay 890 of rent."},
    ),
    Fact("Which company do I work for?", {3: "I work for Larkin.", 17: "I work for Mosaic."}),
    Fact("What is my dog called?", {1: "My dog is called Rufus."}),
    Fact("What am I allergic to?", {4: "I am allergic to penicillin."}),
    Fact("Where is my spare key?", {5: "My spare key is under the blue pot."}),
    Fact("Who has my tent?", {6: "I lent my tent to Douglas."}),
)
CHATTER = (
    "The bus stood at the canal for twenty minutes.",
    "We watched a film about a lighthouse and I fell asleep.",
    "Thanks, good night!",
    "The neighbours were dragging furniture around again.",
    "There was a market at the old mill, very crowded.",
    "My back hurts from gardening.",
    "It has been raining since Tuesday.",
)
UNKNOWN = "What is my shoe size?"


class SmallModel:
    """Retells the memory that has most words of the question, never twice in the same words for
    the same messages; of what is in no memory it says that it does not know."""

    def __init__(self) -> None:
        self.asked: dict[str, int] = {}

    def __call__(self, request: Any) -> str:
        *_, last = request["messages"]
        times = self.asked[str(request)] = self.asked.get(str(request), 0) + 1
        again = "" if times == 1 else f"Let me say it anew ({times}). "
        if last["content"].startswith("### Task"):
            return '{ "title": "A chat" }'
        block, _, question = last["content"].rpartition("</memories>")
        if "?" not in question:
            return f"{again}Noted."
        told = re.findall(r"^\[[^\]]+\] [^:]+: (.+)$", block, re.MULTILINE)
        words = content_words(question).keys()
        best = max(told, key=lambda text: len(words & content_words(text).keys()), default="")
        if not words & content_words(best).keys():
            return f"{again}I don't know."
        return f"{again}You told me: {best}"


@dataclass
class FrontEnd:
    """One conversation a day, of which all messages are sent with each request.

    Attributes:
        conversations: Session -> the messages as they stand in the end.
    """

    client: httpx.Client
    conversations: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def say(self, session: str, text: str, streams: bool = False) -> None:
        self._answered(session, {"role": "user", "content": text}, streams)

    def answer_anew(self, session: str) -> None:
        said = self.conversations[session]
        del said[-1]
        self._answered(session, said.pop(), False)

    def name(self, session: str) -> None:
        said = self.conversations[session][0]["content"]
        task = [{"role": "user", "content": TASK.replace("{said}", said)}]
        self._completed(session, task, False)

    def send_twice(self, session: str) -> None:
        """The last request again, whose answer got lost on the way."""
        self._completed(session, self.conversations[session][:-1], False)

    def _answered(self, session: str, message: dict[str, str], streams: bool) -> None:
        said = self.conversations.setdefault(session, [])
        said.append(message)
        answer = self._completed(session, said, streams)
        said.append({"role": "assistant", "content": answer})

    def _completed(self, session: str, messages: Sequence[dict[str, str]], streams: bool) -> str:
        reply = self.client.post(
            "/v1/chat/completions",
            json={"messages": messages, "stream": streams},
            headers={"X-Remem-Session": session},
        )
        assert reply.status_code == 200, reply.text
        if not streams:
            return str(reply.json()["choices"][0]["message"]["content"])
        pieces = re.findall(r'"delta": \{.*?"content": "((?:[^"\\]|\\.)*)"', reply.text)
        return "".join(pieces)


@contextmanager
def through_the_proxy(memory: Memory, stub: Upstream) -> Iterator[FrontEnd]:
    app = create_app(memory, ServeSettings(upstream=stub.url))
    with served(app) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield FrontEnd(client)


def live(front_end: FrontEnd, day: int) -> None:
    session = f"day-{day}"
    front_end.say(session, CHATTER[day % len(CHATTER)], streams=day % 2 == 0)
    for number, fact in enumerate(FACTS):
        if day in fact.said:
            front_end.say(session, fact.said[day], streams=number % 2 == 0)
        elif day > min(fact.said) and (day + number) % 3 == 0:
            asked = fact.question if day % 2 else f"One more time: {fact.question}"
            front_end.say(session, asked, streams=day % 2 == 0)
            if (day + number) % 2 == 0:
                front_end.answer_anew(session)
    front_end.name(session)
    if day % 5 == 4:
        front_end.say(session, UNKNOWN)
        front_end.send_twice(session)
        front_end.conversations[session][-1]["content"] = "Let me say it anew (2). I don't know."


def test_a_month_leaves_the_present_facts_first_and_every_exchange_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = {"now": FIRST_DAY}

    def tick() -> datetime:
        clock["now"] += timedelta(seconds=1)
        return clock["now"]

    monkeypatch.setattr("remem.dates.now", tick)
    monkeypatch.setattr("remem.attach.attachment.now", tick)
    with Memory(tmp_path / "store") as memory, upstream(answer=SmallModel()) as stub:
        with through_the_proxy(memory, stub) as front_end:
            for day in range(DAYS):
                clock["now"] = FIRST_DAY + timedelta(days=day)
                live(front_end, day)
        for session, said in front_end.conversations.items():
            kept = [(one.role, one.text) for one in memory.last(session, 99)]
            assert kept == [(one["role"], one["content"]) for one in said]
        assert {each.source for each in memory.sources()} == set(front_end.conversations)

        end = FIRST_DAY + timedelta(days=DAYS)
        rankings = [memory.search(fact.question, 50, now=end) for fact in FACTS]
        first = [(found[0].record.role, found[0].record.text) for found in rankings]
        assert [answer for found in rankings for answer in above_a_source(found)] == []
        assert first == [("user", fact.present) for fact in FACTS]


def above_a_source(ranking: Sequence[Recollection]) -> Iterator[str]:
    """The answers that stand above a memory whose words they repeat."""
    below: dict[str, str] = {}
    for one in reversed(ranking):
        retold = one.record.metadata.get(RECALLED, ())
        if any(key in below and below[key] in one.record.text for key in retold):
            yield one.record.text
        below[one.record.key] = one.record.text

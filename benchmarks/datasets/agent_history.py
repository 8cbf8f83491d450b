"""A history of a coding agent, made up: what was decided, taken back, and only talked about.

Every session is a transcript of Claude Code with a request, commands and their long output, and
words. Some decide something about a part of a program, a few decide it anew, and most only mention
the same things: they compare, they fail to build, they read. What is asked for says it in other
words than the decision did.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

_PARTS = (
    *("invoice service", "billing worker", "photo importer", "search page", "login flow"),
    *("report exporter", "mail sender", "mobile app", "admin console", "ingest pipeline"),
    *("geocoder", "chat widget", "checkout page", "stock ledger", "tax calculator"),
    *("backup job", "device registry", "map renderer", "price feed", "survey form"),
)


@dataclass(frozen=True, slots=True)
class _Matter:
    """Something that is decided for a part of a program.

    Attributes:
        name: What it is called when it is decided.
        choices: What it may be.
        reasons: Why, in the same order.
        asked: Two questions about it, in other words.
    """

    name: str
    choices: tuple[str, str, str]
    reasons: tuple[str, str, str]
    asked: tuple[str, str]


_MATTERS = (
    _Matter(
        "retry policy",
        (
            "exponential backoff with jitter",
            "three tries two seconds apart",
            "no second try at all",
        ),
        (
            "the partner bans us for hammering",
            "operators want it predictable",
            "writes are not safe twice",
        ),
        ("What happens in the {} when a request fails?", "How often does the {} try again?"),
    ),
    _Matter(
        "database driver",
        ("psycopg 3", "asyncpg", "plain sqlite3"),
        ("it speaks COPY", "latency halves under load", "customers run it offline"),
        ("Which library talks to Postgres in the {}?", "With what does the {} reach its tables?"),
    ),
    _Matter(
        "cache",
        ("Redis", "an LRU in the process", "memcached"),
        ("several hosts share it", "one round trip less", "the ops team knows it"),
        ("Where does the {} keep results it computed?", "What holds hot values for the {}?"),
    ),
    _Matter(
        "message queue",
        ("RabbitMQ", "NATS", "a table in Postgres"),
        ("dead letters come for free", "it needs no disk", "one system fewer to run"),
        ("How do jobs get to the {}?", "What carries work between hosts for the {}?"),
    ),
    _Matter(
        "identifier format",
        ("ULIDs", "UUIDv7", "integers from a sequence"),
        ("they sort by time and fit a URL", "it is a standard", "support reads them on the phone"),
        ("What do primary keys look like in the {}?", "How are rows of the {} numbered?"),
    ),
    _Matter(
        "token lifetime",
        ("fifteen minutes", "twelve hours", "thirty days with rotation"),
        (
            "a stolen one is useless soon",
            "nurses work whole shifts",
            "nobody wants to sign in weekly",
        ),
        (
            "When does a session of the {} expire?",
            "How long may somebody stay signed in to the {}?",
        ),
    ),
    _Matter(
        "log format",
        ("JSON lines", "logfmt", "plain sentences"),
        ("the collector parses it", "people can read it too", "only one person ever looks"),
        ("What do messages printed by the {} look like?", "How does the {} write what it did?"),
    ),
    _Matter(
        "rounding rule",
        ("half to even", "half up", "always down to the cent"),
        ("sums must not drift", "the law says so", "the contract says so"),
        ("What does the {} do with fractions of a cent?", "How are amounts cut off in the {}?"),
    ),
    _Matter(
        "image format",
        ("WebP", "AVIF", "progressive JPEG"),
        ("all browsers have it", "files are a third smaller", "old tablets show it"),
        ("How are pictures encoded in the {}?", "What do thumbnails of the {} come as?"),
    ),
    _Matter(
        "migration tool",
        ("Alembic", "plain SQL files", "sqitch"),
        ("it sees the models", "reviewers read SQL", "it can verify and revert"),
        ("How do we change the schema of the {}?", "What applies new columns to the {}?"),
    ),
    _Matter(
        "time zone rule",
        (
            "UTC in storage and local on screen",
            "the branch's zone everywhere",
            "offsets kept as sent",
        ),
        (
            "two offices see one calendar",
            "auditors compare with the till",
            "nothing may be reinterpreted",
        ),
        (
            "How does the {} treat clocks of other countries?",
            "In which zone does the {} store moments?",
        ),
    ),
    _Matter(
        "pagination",
        ("a cursor over the sort key", "offset and limit", "everything in one stream"),
        ("rows move while people scroll", "the table wants page numbers", "the client is a script"),
        (
            "How does the {} return long lists?",
            "What does a client of the {} pass to get more rows?",
        ),
    ),
)

_NOISE = (
    "collecting {name} ... cached wheel used",
    "WARNING {part}: {name} took longer than expected",
    "tests/{file}_test.py::test_{slug} PASSED",
    "tests/{file}_test.py::test_{slug} FAILED: assertion on {choice}",
    "INFO {part} uses {choice} for {name}",
    "note: {name} of {part} compared with {choice}",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about what was decided.

    Attributes:
        text: The question.
        session: The session that decided it, the last if several did.
        words: What it decided, which is the evidence.
        is_reversed: Whether an earlier session had decided otherwise.
    """

    text: str
    session: str
    words: str
    is_reversed: bool


@dataclass(frozen=True, slots=True)
class History:
    """Transcripts, by the names of their sessions in their order, and what is asked about them."""

    transcripts: Mapping[str, str]
    questions: Sequence[Asked]

    def write(self, home: Path) -> None:
        """Put the transcripts where the agent keeps them."""
        folder = home / ".claude" / "projects" / "-work-shop"
        folder.mkdir(parents=True)
        for session, text in self.transcripts.items():
            (folder / f"{session}.jsonl").write_text(text, "utf-8")


def made_up(sessions: int, seed: int) -> History:
    """A history of so many sessions: a third decides, a tenth decides anew, the rest is decoys."""
    chance = random.Random(seed)
    pairs = [(part, matter) for part in _PARTS for matter in _MATTERS]
    chance.shuffle(pairs)
    decided = pairs[: max(1, sessions // 3)]
    reversed_ = decided[: max(1, sessions // 10)]
    first = [(part, matter, 0) for part, matter in decided]
    chance.shuffle(first)
    plan: list[tuple[str, _Matter, int | None]] = list(first)
    again = [(part, matter, 1) for part, matter in reversed_]
    decoys = sessions - len(plan) - len(again)
    for number in range(max(0, decoys)):
        part, matter = decided[number % len(decided)]
        plan.insert(chance.randrange(len(plan) + 1), (part, matter, None))
    for each in again:
        earlier = plan.index((each[0], each[1], 0))
        plan.insert(chance.randrange(earlier + 1, len(plan) + 1), each)
    return _told(plan, chance)


def _told(plan: Sequence[tuple[str, _Matter, int | None]], chance: random.Random) -> History:
    moment = datetime(2026, 1, 5, 9, tzinfo=timezone.utc)
    transcripts: dict[str, str] = {}
    last: dict[tuple[str, str], Asked] = {}
    for number, (part, matter, choice) in enumerate(plan):
        session = f"session-{number:04}"
        moment += timedelta(hours=chance.randrange(5, 60))
        words, events = _session(part, matter, choice, chance)
        transcripts[session] = "".join(_lines(session, events, moment))
        if choice is not None:
            question = chance.choice(matter.asked).format(part)
            last[part, matter.name] = Asked(question, session, words, choice > 0)
    return History(transcripts, list(last.values()))


def _session(
    part: str, matter: _Matter, choice: int | None, chance: random.Random
) -> tuple[str, list[dict[str, Any]]]:
    """The words that decide (empty if none do) and the events of a session."""
    options = list(matter.choices)
    chance.shuffle(options)
    asks = chance.choice(
        (
            f"Look at the {matter.name} of the {part}, please.",
            f"I want to clean up the {part} today. Start with the {matter.name}.",
            f"The {part} is on my list: {matter.name}, and the tests around it.",
        )
    )
    events = [_said("user", asks)]
    for _ in range(chance.randrange(2, 6)):
        events += _call(part, matter, chance)
        if chance.random() < 0.5:
            events.append(_said("assistant", _remark(part, matter, options, chance)))
    words = ""
    if choice is not None:
        words = _decision(part, matter, choice, chance)
        speaker = chance.choice(("user", "assistant"))
        events.append(_said(speaker, words))
        events.append(_said("assistant", "Done; the tests pass."))
    else:
        events.append(_said("user", "Leave it for now, I have to think about it."))
    return words, events


def _decision(part: str, matter: _Matter, choice: int, chance: random.Random) -> str:
    what, why = matter.choices[choice], matter.reasons[choice]
    forms = (
        f"Decided: the {part} gets {what} as its {matter.name}, because {why}.",
        f"Then we go with {what} for the {matter.name} of the {part}, since {why}.",
        f"Let us settle the {matter.name} of the {part}: {what}. The reason is that {why}.",
    )
    again = (
        f"We take that back: from now on the {part} has {what} as its {matter.name}, as {why}.",
        f"I changed my mind about the {part}: its {matter.name} is {what} now, because {why}.",
    )
    return chance.choice(again if choice else forms)


def _remark(part: str, matter: _Matter, options: Sequence[str], chance: random.Random) -> str:
    return chance.choice(
        (
            f"For the {matter.name} there would be {options[0]} or {options[1]}; both cost us.",
            f"I read how the {part} does it. {options[0]} is mentioned in a comment only.",
            f"Other teams use {options[1]} there, as far as I can see.",
            "The tests are slow, so I run only a few of them.",
        )
    )


def _call(part: str, matter: _Matter, chance: random.Random) -> list[dict[str, Any]]:
    slug = part.replace(" ", "_")
    command = chance.choice((f"pytest -q tests/{slug}_test.py", f"rg -n '{matter.name}' {slug}/"))
    lines = [
        chance.choice(_NOISE).format(
            name=matter.name,
            part=part,
            choice=chance.choice(matter.choices),
            file=slug,
            slug=matter.name.replace(" ", "_"),
        )
        for _ in range(chance.randrange(5, 60))
    ]
    return [{"call": command, "output": "\n".join(lines), "failed": chance.random() < 0.3}]


def _said(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "text": text}


def _lines(session: str, events: Sequence[dict[str, Any]], moment: datetime) -> Iterator[str]:
    for number, event in enumerate(events):
        stamp = (moment + timedelta(seconds=20 * number)).isoformat()
        common = {
            "sessionId": session,
            "timestamp": stamp,
            "cwd": "/work/shop",
            "version": "2.0.74",
        }
        if "text" in event:
            message: dict[str, Any] = {"role": event["role"], "content": event["text"]}
            yield _line(common, f"{session}-{number}", event["role"], message)
            continue
        identity = f"toolu_{session}_{number}"
        use = {
            "type": "tool_use",
            "id": identity,
            "name": "Bash",
            "input": {"command": event["call"]},
        }
        yield _line(
            common, f"{identity}-call", "assistant", {"role": "assistant", "content": [use]}
        )
        output = f"Exit code 1\n{event['output']}" if event["failed"] else event["output"]
        result = {"type": "tool_result", "tool_use_id": identity, "content": output}
        result |= {"is_error": event["failed"]}
        yield _line(common, f"{identity}-result", "user", {"role": "user", "content": [result]})


def _line(common: Mapping[str, Any], uuid: str, kind: str, message: Mapping[str, Any]) -> str:
    return json.dumps({**common, "uuid": uuid, "type": kind, "message": message}) + "\n"

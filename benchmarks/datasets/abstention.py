"""Messages that have nothing to do with anybody's memory: for them, the right context is empty.

All are invented, and lie in ``benchmarks/data/abstention.jsonl``. A floor may be chosen on the
split "dev"; what it does is then shown on the split "test".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class AbstentionMessage:
    """One such message.

    Attributes:
        kind: "small talk", "code" or "log" (traces, tables and command lines too).
    """

    kind: str
    split: str
    text: str


def abstention_messages(split: str) -> list[AbstentionMessage]:
    """The messages of one split."""
    text = resources.files("remem.benchmarks").joinpath("data/abstention.jsonl").read_text("utf-8")
    messages = [AbstentionMessage(**json.loads(line)) for line in text.splitlines()]
    return [message for message in messages if message.split == split]

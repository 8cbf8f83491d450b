"""Questions that a memory had nothing for, kept where its user agreed to that.

They lie in one file on this machine, JSON Lines, which only its user can read. Nothing is kept
unless the file is there: making it is the consent, removing it the end of it. Kept are sentences
that ask, without those that hold secrets, and never what was answered.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from remem import dates
from remem.recall.reading.asking import questions
from remem.secrets.guard import Guard, holds_no_secret

logger = logging.getLogger("remem")

_MOST_CHARACTERS = 300
"""Length of a question that is kept; a longer one is a text that somebody pasted."""

_MOST_BYTES = 1 << 20
"""Size of the file; the older half of a larger one goes."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that had no answer, and when it was asked."""

    question: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The file of the questions to one store.

    Attributes:
        path: Where it is, or would be.
        store: The address of the store.
    """

    path: Path
    store: str

    @property
    def is_agreed(self) -> bool:
        """True if questions are kept."""
        return self.path.is_file()

    def agree(self) -> None:
        """Keep questions from now on."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_APPEND, 0o600))

    def forget(self) -> None:
        """Keep no more, and remove those that were kept, of all stores."""
        self.path.unlink(missing_ok=True)

    def note(self, namespace: str, message: str, guard: Guard) -> None:
        """Keep the questions in a message that had an empty context, if that was agreed."""
        if not self.is_agreed:
            return
        asked = [one for one in questions(message) if len(one) <= _MOST_CHARACTERS]
        kept = [one for one in asked if holds_no_secret(guard, one)]
        about = {"store": self._digest, "namespace": namespace, "at": dates.now().isoformat()}
        lines = [json.dumps({**about, "question": one}, ensure_ascii=False) for one in kept]
        if lines:
            try:
                self._append("".join(f"{line}\n" for line in lines))
            except OSError as error:  # whoever asked gets an answer all the same
                logger.warning("a question without an answer was not kept: %s", error)

    def of(self, namespace: str) -> Iterator[Asked]:
        """The questions to a namespace, oldest first; broken lines are passed over."""
        if not self.is_agreed:
            return
        wanted = (self._digest, namespace)
        for line in self.path.read_text("utf-8", "replace").splitlines():
            try:
                row = json.loads(line)
                if (row["store"], row["namespace"]) == wanted:
                    yield Asked(str(row["question"]), datetime.fromisoformat(row["at"]))
            except (ValueError, TypeError, KeyError):
                continue

    @property
    def _digest(self) -> str:
        """The store, without the password that its address may have."""
        return hashlib.sha256(self.store.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def _append(self, lines: str) -> None:
        if self.path.stat().st_size > _MOST_BYTES:
            known = self.path.read_text("utf-8", "replace").splitlines(keepends=True)
            self.path.write_text("".join(known[len(known) // 2 :]), "utf-8")
        with self.path.open("a", encoding="utf-8") as file:
            file.write(lines)

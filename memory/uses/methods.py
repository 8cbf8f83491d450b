"""Uses of the memories of one namespace, as methods of ``Memory``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from remem.contents import Contents, Where
from remem.generators.prompts import Prompt
from remem.recall.prompt import build_context
from remem.recall.ranking import Recollection
from remem.store import InvalidInput
from remem.uses.summary import Summary, summarize
from remem.versions import is_current

if TYPE_CHECKING:
    from remem.generators.opening import Generator

_REWRITE = (
    "Rewrite the notes above as a summary in at most {words} words. Keep names and dates, and add "
    "nothing that they do not say."
)
_NO_LIMIT = 10**9
"""Tokens of the notes: they have been chosen, so all of them are shown."""


class Uses(Contents):
    """The memories of one namespace, put to use."""

    def summarize(
        self,
        words: int = 300,
        *,
        where: Where | None = None,
        generator: Generator | None = None,
    ) -> Summary:
        """The sentences that tell most, word for word, spread over the sessions; see
        ``remem.uses.summary``.

        Args:
            words: Most words of all lines together.
            where: Only of these: a speaker, a stretch of time, ...
            generator: Rewrites the lines; they stay beside what it writes.

        Raises:
            InvalidInput: fewer than one word, or nothing matches.
        """
        if words < 1:
            raise InvalidInput(f"the summary may have {words} words: give 1 or more")
        found = summarize(filter(is_current, self.scan(where)), words)
        if not found.records:
            raise InvalidInput(
                "nothing is remembered that these conditions leave; 'remem sources' lists what "
                "there is, and from when to when"
            )
        return replace(found, rewritten=_rewritten(found, generator)) if generator else found


def _rewritten(summary: Summary, generator: Generator) -> str:
    quoted = [
        Recollection(replace(one.record, text=one.text), 1.0, 1.0, {}) for one in summary.lines
    ]
    notes = build_context(quoted, budget=_NO_LIMIT)
    return generator.generate(Prompt(_REWRITE.format(words=summary.words), notes)).strip()

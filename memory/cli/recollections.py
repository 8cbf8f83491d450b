"""Recollections on a terminal: a table, or on a narrow one a few lines for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from remem.cli.screen import safe
from remem.dates import readable
from remem.recall.names import shown, shown_key, title_of, who
from remem.recall.recollection import Recollection

_NARROW = 80
"""Columns below which the words get the width to themselves."""

_MOST_SHOWN = 600


@dataclass(frozen=True, slots=True)
class Recollections:
    """Recollections for people: score, date, speaker, text with the question's words marked, key.

    Attributes:
        namespaces: Of each, where they are of several: it stands before the key.
    """

    found: Sequence[Recollection]
    namespaces: Sequence[str] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if options.max_width < _NARROW:
            yield from self._narrow()
        else:
            yield self._table()

    def _table(self) -> Table:
        result = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
        result.add_column("Score", justify="right", no_wrap=True)
        result.add_column("When", no_wrap=True)
        result.add_column("Who", overflow="fold", max_width=16)
        result.add_column("What", overflow="fold", ratio=1)
        for place, one in enumerate(self.found):
            score, when, name = _origin(one)
            result.add_row(score, Text(when), Text(name), self._what(place))
        return result

    def _narrow(self) -> RenderResult:
        for place, one in enumerate(self.found):
            yield Text("  ".join(filter(None, _origin(one))), "bold")
            yield Padding(self._what(place), (0, 0, 0, 2), expand=False)

    def _what(self, place: int) -> Text:
        one = self.found[place]
        words = [safe(word) for word in one.words]
        what = Text(_excerpt(safe(one.record.text), words))
        what.highlight_words(words, "bold yellow")
        space = f"{shown(self.namespaces[place])}: " if self.namespaces else ""
        title = title_of(one.record)
        titled = f"{title}, " if title else ""
        what.append(f"\n{space}{titled}{shown_key(one.record.key)}", "dim")
        if one.until:
            newer = shown_key(one.newer or "")
            what.append(f"\nuntil {readable(one.until)}, then {newer}", "dim")
        if one.parts:
            what.append("\n" + _parts(one), "dim cyan")
        return what


def _origin(one: Recollection) -> tuple[str, str, str]:
    record = one.record
    return f"{one.score:.2f}", readable(record.said_at), who(record) or shown(record.source)


def _excerpt(text: str, words: Sequence[str]) -> str:
    """A text in one paragraph; of a long one, what stands around the first matching word."""
    text = " ".join(text.split())
    if len(text) <= _MOST_SHOWN:
        return text
    first = min((at for at in map(text.find, words) if at >= 0), default=0)
    start = max(0, first - _MOST_SHOWN // 4)
    end = start + _MOST_SHOWN
    return ("... " if start else "") + text[start:end] + (" ..." if end < len(text) else "")


_MOST_PARTS = 3


def _parts(recollection: Recollection) -> str:
    """The parts that most of a score is made of, in one line; what a leg finds counts as one."""
    sums: dict[str, float] = {}
    for name, part in recollection.parts.items():
        leg = name.partition(" ")[0]
        known = _LEGS.get(leg, name)
        sums[known] = sums.get(known, 0.0) + part
    told = {name: part for name, part in sums.items() if abs(part) >= 0.005}
    largest = sorted(told, key=lambda name: -abs(told[name]))[:_MOST_PARTS]
    rest = " …" if len(told) > len(largest) else ""
    return f"relevance {recollection.relevance:.2f}; " + (
        " + ".join(f"{name} {told[name]:.2f}" for name in largest) + rest
    )


_LEGS = {"dense": "meaning", "text": "words"}
"""Legs of a search -> the words for them."""

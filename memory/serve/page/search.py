"""Search: as somebody types, with the reasons of every score, and why a memory is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

from babel import Locale
from fastapi import APIRouter, Response

from remem.dates import earliest, latest
from remem.lookup import known_key, with_stored_sources
from remem.memory import Memory
from remem.recall.doubts import shared_doubt
from remem.recall.expectation import Expected, Stage
from remem.recall.quotes import CONSIDERED, quotes
from remem.recall.reading.asking import seems_to_ask
from remem.recall.reading.excerpts import excerpt, part_of
from remem.recall.reading.tongues import TONGUES, tongue_of
from remem.recall.recollection import Recollection
from remem.serve.page.languages import Language
from remem.serve.page.visits import HtmlRoute, Reading
from remem.serve.sessions import PREFIX
from remem.store import F, Filter, Record

router = APIRouter(route_class=HtmlRoute, include_in_schema=False)

_AT_FIRST, _MOST = 10, 100
_FEW = 8
_READ_FOR_LANGUAGE = 200
"""Memories that are looked through for those in a language, which none of them has noted."""
_NARROWED_BY = ("speaker", "kind", "origin", "source")
_STAGES: tuple[Stage, ...] = ("unknown", "superseded", "filter", "pool", "limit", "floor", "budget")
"""Stages that a memory has to pass, in this order; ``elsewhere`` and ``expired`` count as the first
two."""

_WIDTH = 100.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a score, as a bar.

    Attributes:
        name: Of the leg or signal.
        part: What it added.
        width: Of the bar, the longest having 100.
    """

    name: str
    part: float
    width: float


@dataclass(frozen=True, slots=True)
class Shown:
    """A memory as a search shows it.

    Attributes:
        one: It.
        text: All of it, or the part that answers.
        bars: What its score is made of, the most first.
    """

    one: Recollection
    text: str
    bars: Sequence[Bar]


def bars_of(parts: Mapping[str, float]) -> list[Bar]:
    """The parts of a score as bars, the longest first. Pure."""
    most = max((abs(part) for part in parts.values()), default=0.0) or 1.0
    ordered = sorted(parts.items(), key=lambda pair: -pair[1])
    return [Bar(name, part, _WIDTH * abs(part) / most) for name, part in ordered]


def conditions(asked: Mapping[str, str]) -> Filter | None:
    """The filter that the fields of the form mean together; None: there is none.

    Raises:
        InvalidInput: a date is none.
    """
    named = [F(name) == asked[name].strip() for name in _NARROWED_BY if asked.get(name, "").strip()]
    since, until = asked.get("since", "").strip(), asked.get("until", "").strip()
    if since:
        named.append(F("said_at") >= earliest(since))
    if until:
        named.append(F("said_at") <= latest(until))
    return reduce(and_, named) if named else None


@router.get("/")
async def search(visit: Reading, q: str = "", n: int = _AT_FIRST) -> Response:
    """The first view: search, and what there is while nothing is asked."""
    asked = visit.request.query_params
    where, most = conditions(asked), min(max(n, 1), _MOST)
    tongue = asked.get("language", "").strip()
    narrowed = where is not None or bool(tongue)
    values: dict[str, Any] = {"q": q, "narrowed": narrowed, "most": most, "found": None}
    values["quotes"] = None
    values["tongues"] = _tongues(visit.language)
    if q.strip():
        depth = _READ_FOR_LANGUAGE if tongue else most + 1

        def search_in(memory: Memory) -> Sequence[Recollection]:
            chosen = with_stored_sources(memory, where)
            return memory.search(q, depth, where=chosen, explain=True)

        found = await visit.read(search_in)
        found = [one for one in found if not tongue or tongue_of(one.record.text) == tongue]
        values["found"] = [_shown(one, q) for one in found[:most]]
        if seems_to_ask(q):
            values["quotes"] = quotes(q, found[:CONSIDERED])
        values["doubt"] = shared_doubt(found)
        values["more"] = min(most + _AT_FIRST, _MOST) if len(found) > most < _MOST else None
    else:
        values |= await visit.read(_overview)
    return visit.page("_results.html" if visit.is_part else "search.html", **values)


def _tongues(language: Language) -> list[tuple[str, str]]:
    """Codes and names of languages, in the order of these names."""
    named = ((code, Locale(code).get_display_name(language.code) or code) for code in TONGUES)
    return sorted(named, key=lambda pair: pair[1])


def _shown(one: Recollection, query: str) -> Shown:
    text = part_of(one.record.text, excerpt(one.record.text, query))
    return Shown(one, text, bars_of(one.parts))


def _overview(memory: Memory) -> dict[str, Any]:
    return {"count": memory.count(), "pinned": memory.pinned()[:_FEW]}


@router.get(f"{PREFIX}/sources/options")
async def options(visit: Reading) -> Response:
    """Names of sources, for the field that narrows a search to one."""
    found = await visit.read(lambda memory: memory.sources())
    return visit.page("_options.html", names=[each.source for each in found[:1000]])


# Why a memory that was expected is not among what is found.


@dataclass(frozen=True, slots=True)
class Fate:
    """Stages on the way to a prompt, and how far a memory came.

    Attributes:
        record: The memory; None if there is none.
        expected: What the inquiry says.
        passed: Names of stages that it passed.
        dropped: The stage that drops it; None: it is kept.
    """

    record: Record | None
    expected: Expected
    passed: Sequence[str]
    dropped: str | None


@router.get(f"{PREFIX}/why-not")
async def why_not(visit: Reading, q: str, expect: str = "") -> Response:
    """The stage that drops a memory, named by its key or some of its words."""
    where = conditions(visit.request.query_params)
    known = [each for each in await visit.read(lambda m: m.namespaces()) if visit.opens(each)]

    def inquire(memory: Memory) -> dict[str, Any]:
        if not (q.strip() and expect.strip()):
            return {"fate": None, "candidates": []}
        key = known_key(memory, expect.strip())
        if key is None:
            candidates = [one.record for one in memory.search(expect, _FEW)]
            return {"fate": None, "candidates": candidates}
        chosen = with_stored_sources(memory, where)
        return {"fate": _fate(memory, q, key, chosen, known), "candidates": []}

    values = await visit.read(inquire)
    template = "_why_not.html" if visit.is_part else "why_not.html"
    return visit.page(template, q=q, expect=expect, stages=_STAGES, **values)


def _fate(
    memory: Memory, query: str, key: str, where: Filter | None, elsewhere: Sequence[str]
) -> Fate:
    expected = memory.why(query, key, where=where, elsewhere=elsewhere)
    falls: dict[str, str] = {"elsewhere": "unknown", "expired": "superseded"}
    stage = falls.get(expected.stage, expected.stage)
    if stage == "kept":
        return Fate(memory.get(key), expected, _STAGES, None)
    return Fate(memory.get(key), expected, _STAGES[: _STAGES.index(stage)], stage)

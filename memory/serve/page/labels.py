"""Labels: what is labelled, how often each label was true and when, and the label of a new text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from fastapi import APIRouter, Response

from remem.memory import Memory
from remem.serve.page import timeline
from remem.serve.page.jobs import begun
from remem.serve.page.people import speakers_of
from remem.serve.page.summary import PATH as USES
from remem.serve.page.summary import within
from remem.serve.page.timeline import Chart, Tally, chart_of
from remem.serve.page.visits import HtmlRoute, Reading, Visit, Writing
from remem.store import Filter, Record
from remem.uses.labelled import (
    HAS_LABELS,
    curve,
    is_example,
    label_of,
    labels_of,
    probability_of,
    tally,
)
from remem.versions import is_current

router = APIRouter(route_class=HtmlRoute, include_in_schema=False)

PATH = f"{USES}/labels"

_AT_FIRST, _MOST = 10, 200
_OF_EACH = 2
"""Examples of each label, in the mean, with which a classifier begins."""


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of one name, in the memories that fit.

    Attributes:
        counts: Label -> how many have it, in the order of their colours.
        chart: When; one slot for each month or day.
        by_day: The slots are days.
        records: Those that have the chosen label, or any, the newest first, each with the
            probability of a label that was guessed.
        given: How many of all were labelled by somebody; the others were guessed.
        can_guess: There are enough examples to tell the label of a text.
    """

    counts: Mapping[str, int]
    chart: Chart
    by_day: bool
    records: Sequence[tuple[Record, float | None]]
    given: int
    can_guess: bool


@router.get(PATH)
async def labels(
    visit: Reading, name: str = "", label: str = "", text: str = "", n: int = _AT_FIRST
) -> Response:
    """The labels of a name, and that of a text."""
    if visit.is_part:
        guess = await visit.read(lambda memory: memory.classify(name, text))
        return visit.page("_guess.html", guess=guess)
    where, most = within(visit.request.query_params), min(max(n, 1), _MOST)

    def read(memory: Memory) -> dict[str, Any]:
        labelled = [one for one in memory.scan(HAS_LABELS) if is_current(one)]
        known = tally(labelled)
        chosen = name or next(iter(known), "")
        having = [one for one in labelled if chosen in labels_of(one)]
        return {
            "known": known,
            "name": chosen,
            "chosen": _of_name(having, chosen, label, where) if having else None,
            "guess": memory.classify(chosen, text) if text.strip() else None,
            "people": speakers_of(memory),
        }

    return visit.page(
        "labels.html",
        label=label,
        text=text,
        most=most,
        more=min(most + _AT_FIRST, _MOST),
        link_of=partial(_link, visit),
        **await visit.read(read),
    )


def _of_name(labelled: Sequence[Record], name: str, label: str, where: Filter | None) -> Labels:
    """The labels of a name in the memories that fit; the colours are those of all memories."""
    everybody = list(tally(labelled)[name])
    fitting = [one for one in labelled if where is None or where.matches(one)]
    counts = tally(fitting).get(name, {})
    periods = curve(fitting, name)
    examples = Counter(label_of(one, name) for one in labelled if is_example(one, name))
    newest = sorted(fitting, key=lambda one: (str(one.said_at or ""), one.key), reverse=True)
    return Labels(
        {each: counts.get(each, 0) for each in everybody},
        _chart(periods, everybody),
        any(len(period) > len("2024-03") for period in periods),
        [(one, probability_of(one, name)) for one in newest if label in ("", label_of(one, name))],
        sum(is_example(one, name) for one in fitting),
        len(examples) > 1 and examples.total() >= _OF_EACH * len(examples),
    )


def _chart(periods: Mapping[str, Mapping[str, int]], everybody: Sequence[str]) -> Chart:
    days = [date.fromisoformat(f"{period}-01"[:10]) for period in periods]
    counts: Tally = {
        label: [count.get(label, 0) for count in periods.values()] for label in everybody
    }
    return chart_of(days, counts, everybody)


def _link(visit: Visit, begins: date, *, by_day: bool) -> str:
    """The address of a day, or of the same labels in one month."""
    if by_day:
        at = {"year": begins.year, "month": begins.month, "day": begins.day}
        return visit.link(timeline.PATH, **at)
    behind = (begins.replace(day=28) + timedelta(days=4)).replace(day=1)
    return visit.again(since=begins, until=behind - timedelta(days=1), n=None)


@router.get(f"{PATH}/options")
async def options(visit: Reading, name: str = "") -> Response:
    """Names of labels, or the labels of one name, for the fields that give one to a memory."""
    known = await visit.read(lambda memory: memory.labels())
    return visit.page("_options.html", names=list(known.get(name, {}) if name else known))


@router.post(f"{PATH}/guess")
async def guess(visit: Writing) -> Response:
    """Label the memories that nobody labelled."""
    name = visit.field("name")
    return begun(
        visit,
        "_labelled.html",
        lambda job: (name, visit.memory.classify_all(name, progress=job.at)),
    )

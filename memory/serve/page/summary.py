"""Summary: the sentences that tell most of a person or a stretch of time, word for word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Response

from remem.dates import earliest, latest
from remem.memory import Memory
from remem.serve.errors import ApiError
from remem.serve.page.people import speakers_of
from remem.serve.page.search import conditions
from remem.serve.page.visits import HtmlRoute, Reading
from remem.serve.sessions import PREFIX
from remem.store import Filter
from remem.uses.summary import Summary, summarize
from remem.versions import is_current

router = APIRouter(route_class=HtmlRoute, include_in_schema=False)

PATH = f"{PREFIX}/uses"

LENGTHS = (150, 300, 600, 1200)
"""Words that a summary may have."""


def within(asked: Mapping[str, str]) -> Filter | None:
    """The filter that the fields of a form mean together; None: there is none.

    Raises:
        ApiError: 400, the first day is after the last.
        InvalidInput: a date is none.
    """
    since, until = asked.get("since", "").strip(), asked.get("until", "").strip()
    if since and until and earliest(since) > latest(until):
        raise ApiError(400, "reversed", "the first day is after the last; exchange them")
    return conditions(asked)


@router.get(PATH)
async def summary(visit: Reading, words: int = 0) -> Response:
    """The form, and the summary once somebody asked for one."""
    where, most = within(visit.request.query_params), min(max(words, 0), max(LENGTHS))

    def read(memory: Memory) -> tuple[Summary | None, Sequence[tuple[str, int]]]:
        if not most:
            return None, speakers_of(memory)
        found = summarize(filter(is_current, memory.scan(where)), most)
        return found, () if visit.is_part else speakers_of(memory)

    found, people = await visit.read(read)
    template = "_summary.html" if visit.is_part else "summary.html"
    return visit.page(template, found=found, people=people, lengths=LENGTHS)

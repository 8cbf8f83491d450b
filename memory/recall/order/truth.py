"""The newest truth: what a person has stated otherwise since. Pure.

Nothing is written or deleted for this. Of statements about the same thing of the same person, as
``reading.claims`` finds them, a later one that says otherwise supersedes the earlier ones, in
every ranking anew. A person's word counts for more: what they pinned or corrected, and what they
said is true beside the newer statement (``remem undo``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from remem.recall.reading.claims import Claim, State, claims
from remem.recall.reading.hints import hints
from remem.recall.reading.past import asks_for_earlier, asks_for_now
from remem.recall.reading.question import Query, named_among
from remem.recall.reading.states import language_of
from remem.recall.recollection import Recollection
from remem.store import Record
from remem.store.fulltext.tokens import tokenize
from remem.versions import may_be_later
from remem.views import is_agents

BESIDE = "beside"
"""The field of a memory's metadata that holds the keys of newer ones beside which it is true."""


@dataclass(frozen=True, slots=True)
class Supersession:
    """A statement, and the one that says otherwise since.

    Attributes:
        older, newer: Where they stand.
        claim: What the older one states.
        since: When the newer one was said.
    """

    older: Record
    newer: Record
    claim: Claim
    since: datetime

    @property
    def about(self) -> str:
        """The state in words; see ``Claim.about``."""
        return self.claim.about

    def involves(self, key: str) -> bool:
        """True if the memory with this key is one of the two."""
        return key in (self.older.key, self.newer.key)


@dataclass(frozen=True, slots=True)
class Stated:
    """A claim with the record that makes it.

    Attributes:
        moment: When a person stood by it; see ``moment_of``.
    """

    record: Record
    claim: Claim
    moment: datetime

    def is_after(self, other: Stated) -> bool:
        """True if it was made later, or further down in the same source."""
        if self.moment != other.moment:
            return self.moment > other.moment
        same = self.record.source == other.record.source
        return same and self.record.position > other.record.position


def supersessions(records: Iterable[Record]) -> list[Supersession]:
    """The supersessions among some records, by the time of the older statement."""
    found = [one for stated in by_state(records).values() for one in _supersessions(stated)]
    return sorted(found, key=lambda one: (moment_of(one.older), one.older.key, one.claim.state))


def truth_first(
    question: Query,
    asked: Set[State],
    ranking: Sequence[Recollection],
    others: Iterable[Record],
    now: datetime | None,
) -> list[Recollection]:
    """The ranking with what is true above what was true before, and how long that was.

    For a question about a time, true is what was so then. One that asks for what was before, or
    for a value that is past, gets the memories in the order in which they came.

    Args:
        asked: The states that the question asks for: what is true of them comes first of all.
        others: Records that may be true and are not in the ranking.
        now: When it is asked, after which nothing counts; None: not known.
    """
    known = {one.record.key for one in ranking}
    found = [*ranking, *(Recollection(each, 0.0) for each in others if each.key not in known)]
    places = {one.record.key: place for place, one in enumerate(found)}
    order = list(range(len(ranking)))
    moment = asked_for(question, now)
    claimed = by_state(one.record for one in found)
    hinted = _hinted(question, asked, [one.record for one in found])
    people = {one.record.speaker or "" for one in found}
    meant = named_among(question.names, people - {""}) or people
    speakers = Counter(state for speaker, state in claimed if speaker in meant)
    hinting = Counter(state for speaker, state in hinted if speaker in meant)
    for speaker, state in hinted:
        if speaker in meant and not speakers[state] and hinting[state] == 1:
            claimed[speaker, state] = []
            speakers[state] = 1
    until: dict[str, Supersession] = {}
    for (speaker, state), stated in claimed.items():
        past = _supersessions(stated)
        until |= {one.older.key: one for one in past}
        is_asked = state in asked and speaker in meant and speakers[state] == 1
        if not (past or is_asked) or looks_back(question, past):
            continue
        told = [*stated, *hinted.get((speaker, state), ())] if is_asked else _firm(stated)
        true = _true_then(sorted(told, key=_in_time), moment)
        if true is not None:
            first = 0 if is_asked else _first_of(stated, places, order)
            _raise(order, places[true.record.key], first)
    return _in_order(found, order, until)


def _true_then(stated: Sequence[Stated], moment: datetime | None) -> Stated | None:
    """The newest of the claims that were made before some moment and were true then."""
    true = None
    for each in stated:
        if moment is not None and each.moment >= moment:
            break
        if true is None or each.claim.agrees(true.claim) or _is_successor(each, true):
            true = each
    return true


def _first_of(
    stated: Sequence[Stated], places: Mapping[str, int], order: Sequence[int]
) -> int | None:
    """The place in an order of the first of these; None: all of them are out of it."""
    theirs = {places[each.record.key] for each in stated}
    return next((at for at, place in enumerate(order) if place in theirs), None)


def _raise(order: list[int], place: int, first: int | None) -> None:
    """Put a place at least that far in front."""
    if first is None or place in order[:first]:
        return
    if place in order:
        order.remove(place)
    order.insert(first, place)


def _firm(stated: Iterable[Stated]) -> list[Stated]:
    return [each for each in stated if not each.claim.is_loose]


def _supersessions(stated: Iterable[Stated]) -> list[Supersession]:
    firm = _firm(stated)
    return [
        Supersession(each.record, newer.record, each.claim, newer.moment)
        for place, each in enumerate(firm)
        if (newer := _successor(each, firm[place + 1 :])) is not None
    ]


def _in_order(
    ranking: Sequence[Recollection], order: Sequence[int], until: Mapping[str, Supersession]
) -> list[Recollection]:
    """The ranking in another order, no score above one before it."""
    result: list[Recollection] = []
    ahead = 0.0
    for place in reversed(order):
        one = ranking[place].at(max(ahead, ranking[place].score), "newest")
        ahead = one.score
        if past := until.get(one.record.key):
            one = replace(one, until=past.since, newer=past.newer.key)
        result.append(one)
    return result[::-1]


def is_said(record: Record) -> bool:
    """True for a person's words: a turn or a note, and no assistant's."""
    return record.role != "assistant" and record.kind in ("turn", "note")


def is_personal(record: Record) -> bool:
    """True for what a person may state of themselves. Where a coding agent works, the words are
    about a program, and the next request updates no answer."""
    return is_said(record) and not is_agents(record)


def by_state(records: Iterable[Record]) -> dict[tuple[str, State], list[Stated]]:
    """The claims about each state of each speaker, the oldest first."""
    found = _by_state(records, claims)
    for stated in found.values():
        stated.sort(key=_in_time)
    return found


def _by_state(
    records: Iterable[Record], read: Callable[[str], Iterable[Claim]]
) -> dict[tuple[str, State], list[Stated]]:
    found: defaultdict[tuple[str, State], list[Stated]] = defaultdict(list)
    for record in records:
        moment = moment_of(record)
        if moment is None or not is_personal(record):
            continue
        for claim in read(record.text):
            found[record.speaker or "", claim.state].append(Stated(record, claim, moment))
    return found


def _in_time(stated: Stated) -> tuple[datetime, str, int]:
    return stated.moment, stated.record.source, stated.record.position


def _hinted(
    question: Query, asked: Set[State], records: Iterable[Record]
) -> Mapping[tuple[str, State], Sequence[Stated]]:
    """The hints of each speaker at what is asked, besides what they claim."""
    language = language_of(question.text)
    if language is None or not asked:
        return {}
    return _by_state(records, partial(hints, asked=asked, language=language))


def _successor(older: Stated, others: Iterable[Stated]) -> Stated | None:
    """The first of the later claims that says otherwise; None: the older one is true still."""
    return next((each for each in others if _is_successor(each, older)), None)


def _is_successor(newer: Stated, older: Stated) -> bool:
    if is_kept_beside(newer.record, older.record):
        return False
    return newer.is_after(older) and newer.claim.contradicts(older.claim)


def is_kept_beside(newer: Record, older: Record) -> bool:
    """True if a person said that the older one is true whatever the newer one says."""
    beside = (*_beside(older), *_beside(newer))
    return bool(older.metadata.get("pinned")) or newer.key in beside or older.key in beside


def _beside(record: Record) -> Sequence[str]:
    keys = record.metadata.get(BESIDE)
    return keys if isinstance(keys, (list, tuple)) else ()


def moment_of(record: Record) -> datetime | None:
    """The time when a person stood by the words: a correction is later than what it corrects."""
    if may_be_later(record.key) and record.stored_at is not None:
        return record.stored_at
    return record.said_at


def asked_for(question: Query, now: datetime | None) -> datetime | None:
    """The end of the time that a question is about; None: nothing is said after it."""
    if question.spans:
        return max(span.end for span in question.spans)
    return None if now is None else now + timedelta(days=1)


def looks_back(question: Query, past: Sequence[Supersession] = ()) -> bool:
    """True if a question is about what was so before."""
    if asks_for_earlier(question.text):
        return True
    words = set(tokenize(question.text))
    return not asks_for_now(question.text) and any(each.claim.value <= words for each in past)

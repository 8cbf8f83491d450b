"""Echoes: what stands in a memory without being evidence of its own. Pure.

Whoever talks to a model fills the memory with what was said about the memory: the question that is
asked again, "I don't know", an answer that was made from what was recalled. All of it is nearer to
the next question than the fact is. Nothing is deleted for that. An echo stands behind everything
that is evidence, or behind what it was made from, and says so: ``Recollection.echo``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import lru_cache
from typing import Literal

from remem.recall.order.occasions import counts_occasions
from remem.recall.reading.asking import seems_to_ask
from remem.recall.reading.question import Query
from remem.recall.reading.sentences import asks, asks_at_last
from remem.recall.reading.smalltalk import is_small_talk
from remem.recall.recollection import Recollection
from remem.store import Hit, Record
from remem.store.fulltext.folding import straight
from remem.store.fulltext.tokens import content_words, tokenize

Kind = Literal["question", "ignorance", "copy", "retold"]
"""``question``: it asks what is asked now. ``ignorance``: an assistant that does not know.
``copy``: another memory says the same. ``retold``: it was made from what was recalled."""

REASONS: Mapping[str, str] = {
    "question": "It asks what is asked now, and an earlier copy of a question is no answer",
    "ignorance": "It is the answer of an assistant that did not know",
    "copy": "Another memory, said later or nearer to the time that is asked about, has the same "
    "words, and equal words count once",
    "retold": "It was made from memories that were recalled, and stands below them",
}
"""Of each kind, without a period."""

RECALLED = "recalled"
"""The field of a turn's metadata that holds the keys of the memories that its speaker was given."""

_MOST_CHARACTERS = 2000
"""Longer texts are no copies of a question; of longer answers the beginning is compared."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """The hits of all legs, each text once.

    Attributes:
        legs: The hits, each copy's as one of the memory that stands for it.
        also: Other records, likewise.
        idle: Key -> kind, of what is among them and no evidence.
        copies: What is not among them any more.
    """

    legs: Mapping[str, Sequence[Hit]]
    also: Sequence[Record]
    idle: Mapping[str, Kind]
    copies: Sequence[Record]

    @property
    def crowd(self) -> int:
        """The places in a pool that went to echoes."""
        return len(self.idle) + len(self.copies)


def sorted_out(
    question: Query,
    asked: Sequence[str],
    legs: Mapping[str, Sequence[Hit]],
    also: Iterable[Record],
) -> Sorted:
    """Tell echoes from evidence in what legs returned.

    Of equal texts the newest stands for all, because what is said again was true until then; for a
    question that names a time, the one that was said nearest to it. A question that counts ("How
    many times ...?") gets them all.

    Args:
        asked: The message and the questions in it.
        also: Records that no leg need have returned.
    """
    others = list(also)
    records = {hit.record.key: hit.record for hits in legs.values() for hit in hits}
    records |= {record.key: record for record in others}
    stands = {} if counts_occasions(question.text) else _stand_ins(question, records.values())
    copies = [record for key, record in records.items() if key in stands]
    wanted = [content_words(each) for each in asked if seems_to_ask(each)]
    kinds = {
        key: kind
        for key, record in records.items()
        if key not in stands and (kind := _kind(record, wanted))
    }
    places = {
        (records[key].source, records[key].position)
        for key, kind in kinds.items()
        if kind == "question" and records[key].role == "user"
    }
    return Sorted(
        {name: _without_lent(name, _once(hits, stands), places) for name, hits in legs.items()},
        list({each.key: each for each in (stands.get(one.key, one) for one in others)}.values()),
        kinds,
        copies,
    )


def behind(one: Recollection, kind: Kind, score: float = 0.0) -> Recollection:
    """The recollection as an echo, with what that takes from its score."""
    return replace(one.at(score, "echo"), echo=kind)


def below_sources(ranking: Sequence[Recollection]) -> list[Recollection]:
    """The ranking with each answer that was made from memories behind those of them that are in it.

    An assistant is given more memories than it uses. It made its answer from those that hold a
    fifth of the words that are its own, or from all that hold one if together they hold half.

    Args:
        ranking: Best first.
    """
    places = {one.record.key: place for place, one in enumerate(ranking)}
    sources: list[list[int]] = []
    for one in ranking:
        recalled = _recalled(one.record)
        near = [ranking[places[key]].record for key in recalled if key in places]
        sources.append([places[key] for key in made_from(one.record, near)] if near else [])
    settled: dict[int, tuple[int, int]] = {}
    for place in range(len(ranking)):
        _settle(place, sources, settled)
    least = 1.0
    moved = []
    for place in sorted(settled, key=lambda each: (*settled[each], each)):
        one = ranking[place]
        least = min(least, one.score)
        moved.append(behind(one, "retold", least) if sources[place] else one)
    return moved


def _settle(
    place: int, sources: Sequence[Sequence[int]], settled: dict[int, tuple[int, int]]
) -> tuple[int, int]:
    """The place behind which an answer goes, and by how many answers it is removed from what stays
    there: a source may be retold itself. Answers that name each other do not wait for each other.
    """
    if place not in settled:
        settled[place] = (place, 0)  # for those that come back to it
        for source in sources[place]:
            end, steps = _settle(source, sources, settled)
            settled[place] = max(settled[place], (end, steps + 1))
    return settled[place]


def _recalled(record: Record) -> list[str]:
    keys = record.metadata.get(RECALLED)
    return [key for key in keys if isinstance(key, str)] if isinstance(keys, (list, tuple)) else []


def made_from(answer: Record, recalled: Sequence[Record]) -> Set[str]:
    """Keys of the recalled memories that an answer repeats."""
    own = content_words(answer.text[:_MOST_CHARACTERS]).keys()
    shared = {
        each.key: own & set(tokenize(each.text[:_MOST_CHARACTERS]))
        for each in recalled
        if each.key != answer.key
    }
    least = 1 if 2 * len(set().union(*shared.values())) >= len(own) else len(own) / 5
    return {key for key, tokens in shared.items() if len(tokens) >= least}


def _kind(record: Record, asked: Sequence[Mapping[str, str]]) -> Kind | None:
    if len(record.text) > _MOST_CHARACTERS:
        return None
    if record.role == "assistant" and knows_nothing(record.text):
        return "ignorance"
    if asked and _is_question(record) and any(_asks_the_same(record.text, each) for each in asked):
        return "question"
    return None


def _is_question(record: Record) -> bool:
    """People leave out the question mark when they talk to a machine, in a note they do not."""
    return seems_to_ask(record.text) if record.kind == "turn" else asks_at_last(record.text)


def _asks_the_same(text: str, asked: Mapping[str, str]) -> bool:
    """True if a question has half of the words of another, and next to none beside them; that is
    also one behind a few words of another kind, because who asks it does not answer it there."""
    opening = _OPENING.match(text)
    return _has_the_words(text, asked) or (
        opening is not None and _has_the_words(text[opening.end() :], asked)
    )


def _has_the_words(text: str, asked: Mapping[str, str]) -> bool:
    if 2 * len(asked.keys() & _tokens(text)) < len(asked):  # most texts, in half the time
        return False
    words = content_words(text)
    extra = [word for token, word in words.items() if token not in asked]
    if 2 * (len(words) - len(extra)) < len(asked):
        return False
    return 5 * len(extra) <= len(words) or is_small_talk(" ".join(extra))


@lru_cache(maxsize=4096)
def _tokens(text: str) -> frozenset[str]:
    """The tokens of a text that asks: nearly half of a chat, looked at again for every question."""
    return frozenset(tokenize(text))


def knows_nothing(text: str) -> bool:
    """True if a text says that its speaker does not know, and nothing besides but offers."""
    found = _IGNORANT.match(text.strip())
    if found is None:
        return False
    sentence, *others = _SENTENCE_END.split(text.strip()[found.end() :])
    if _YET.search(sentence):
        return False
    return all(asks(each) or _OFFER.match(each) for each in others if each.strip())


def _stand_ins(question: Query, records: Iterable[Record]) -> dict[str, Record]:
    """Key of a copy -> the record that stands for it."""
    stands: dict[str, Record] = {}
    for each in _equal(records):
        # Few texts are there twice, and words are counted of these alone.
        group = [record for record in each if _stands_alone(record)]
        if len(group) > 1:
            first = max(group, key=lambda record: (_nearest(question, record), *_newest(record)))
            stands |= {record.key: first for record in group if record.key != first.key}
    return stands


def _equal(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Groups of records with the same words of the same speaker, as far as any have them."""
    # Few texts begin and end alike, and the other words of the rest need not be compared.
    alike: defaultdict[tuple[str | None, str], list[Record]] = defaultdict(list)
    for record in records:
        first, last = record.text.split(None, 1)[:1], record.text.rsplit(None, 1)[-1:]
        ends = straight(" ".join([*first, *last])).casefold()
        alike[record.speaker or record.role, ends].append(record)
    for some in alike.values():
        if len(some) > 1:
            equal: defaultdict[str, list[Record]] = defaultdict(list)
            for record in some:
                equal[" ".join(straight(record.text).casefold().split())].append(record)
            yield from (group for group in equal.values() if len(group) > 1)


def _stands_alone(record: Record) -> bool:
    """Two "Yes, I do." say what their questions make of them, and so not the same."""
    return record.kind != "turn" or len(content_words(record.text[:_MOST_CHARACTERS])) > 1


def _nearest(question: Query, record: Record) -> float:
    if record.said_at is None:
        return 0.0
    return max((span.closeness(record.said_at) for span in question.spans), default=0.0)


def _newest(record: Record) -> tuple[datetime, str, int, str]:
    said = record.said_at or datetime.min.replace(tzinfo=timezone.utc)
    return said, record.source, record.position, record.key


def _once(hits: Sequence[Hit], stands: Mapping[str, Record]) -> list[Hit]:
    """The best hit of each text, as one of the record that stands for it."""
    if not stands:
        return list(hits)
    best: dict[str, Hit] = {}
    for hit in hits:
        record = stands.get(hit.record.key)
        one = hit if record is None else Hit(record, hit.score)
        best.setdefault(one.record.key, one)
    return list(best.values())


def _without_lent(leg: str, hits: Sequence[Hit], questions: Set[tuple[str, int]]) -> Sequence[Hit]:
    """The hits of a leg without those that only a question close by has lent its words to.

    The window of a turn holds its neighbours. Where a question was put to an assistant before, the
    assistant's turns and further questions around it would come up for that alone. What the person
    states there may be the answer, and keeps its window.

    Args:
        questions: Source and position of the copies of the question.
    """
    if not questions or not leg.endswith("window"):
        return hits
    return [hit for hit in hits if not (_says_little(hit.record) and _is_near(hit, questions))]


def _says_little(record: Record) -> bool:
    return record.role == "assistant" or (record.role == "user" and _is_question(record))


def _is_near(hit: Hit, questions: Set[tuple[str, int]]) -> bool:
    source, position = hit.record.source, hit.record.position
    return any((source, position + shift) in questions for shift in range(-_REACH, _REACH + 1))


_REACH = 3
"""Turns on either side that a window of short ones may hold."""

_OPENING = re.compile(r"(?:[^.!?:;。！？：；\n]{1,30}[.!:;。！：；]\s*){1,2}(?=\S)")
"""A sentence or two of a few words: "Me again." """

_SORRY = (
    r"(?:(?:i['’]?m|i am)?\s*(?:really |so |very )?sorry|sorry|unfortunately|apologi[sz]es"
    r"|hmm+|well|oh|leider|tut mir leid|entschuldigung|d[eé]sol[eé]e?|malheureusement"
    r"|lo siento|desculpe|infelizmente|mi dispiace|purtroppo|извините|к сожалению"
    r"|抱歉|对不起|很抱歉)"
)
_IGNORANT = re.compile(
    rf"(?:{_SORRY}[\s,.!:;，。！—-]*)*(?:(?:but|aber|mais|pero|mas|ma|но|但是?)\s*,?\s*)?(?:"
    r"i (?:(?:do not|don['’]?t|did not|didn['’]?t) (?:actually |really |currently |yet )?"
    r"(?:know|recall|remember|see|have (?:any |that |this |the |enough |a |access to )*"
    r"(?:information|info|memory|memories|record|records|idea|details|data|context|knowledge))"
    r"|have no (?:information|info|memory|memories|record|records|idea|details|data)"
    r"|(?:am not|['’]m not) (?:sure|aware|certain)"
    r"|(?:can['’]?t|cannot|can not|could not|couldn['’]?t) (?:find|recall|remember|tell|answer))"
    r"|i['’]?m not (?:sure|aware|certain)"
    r"|(?:you (?:haven['’]?t|have not|didn['’]?t|did not|never) (?:told|tell|mentioned?|sa(?:id|y)"
    r"|shared?))"
    r"|(?:there is|there['’]s) no (?:information|mention|record|memory)"
    r"|no (?:information|record|memory|idea)\b|not mentioned\b|unknown\b"
    r"|(?:das )?wei(?:ß|ss) ich (?:leider )?nicht|ich wei(?:ß|ss) (?:es |das |leider )*nicht"
    r"|ich habe (?:leider |dazu |dar[uü]ber )*keine (?:informationen|angaben|ahnung)|keine ahnung"
    r"|je ne (?:sais|me souviens) pas|je n['’]ai (?:pas|aucune) (?:d['’])?information"
    r"|no (?:lo )?s[eé]\b|no tengo (?:esa |ninguna )?informaci[oó]n|no (?:lo )?recuerdo"
    r"|(?:eu )?n[aã]o sei\b|(?:eu )?n[aã]o tenho (?:essa |nenhuma )?informa"
    r"|(?:eu )?n[aã]o me lembro"
    r"|non (?:lo )?so\b|non ho (?:nessuna )?informazion|non (?:lo )?ricordo"
    r"|(?:я )?(?:этого )?не (?:знаю|помню)|у меня нет (?:информации|данных)"
    r"|我?(?:并)?不(?:知道|清楚|记得|确定)|我?没有(?:任何)?(?:相关)?(?:的)?(?:信息|记录|资料)"
    r"|无法(?:确定|回答))",
    re.IGNORECASE,
)
"""The beginning of an answer that says that its speaker does not know."""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
_YET = re.compile(
    r"\b(?:but|however|though|although|except|aber|jedoch|mais|pero|mas|por[eé]m|ma|per[oò]|но"
    r"|однако)\b|但|不过",
    re.IGNORECASE,
)
_OFFER = re.compile(
    r"\W*(?:please|let me|feel free|if you|could you|can you|would you|you (?:can|could|may)"
    r"|i['’]?(?:d|ll| will| would| can) (?:be )?(?:happy|glad|remember|help|like)|tell me|sorry"
    r"|bitte|wenn du|wenn sie|falls|sag|s['’]il|si (?:tu|vous|quieres|me)"
    r"|por favor|se (?:voc|vuoi|mi)"
    r"|per favore|пожалуйста|если|请|如果|您?可以)",
    re.IGNORECASE,
)

"""Translations against those of a newer release: catalogues of an older one are the memory.

What is translated are the messages that the newer release has and the older one has not. Scores
are chrF++ (M. Popović, "chrF++: words helping character n-grams", WMT 2017) over all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from remem import Memory
from remem.encoders.sentence_transformer import Encoder
from remem.ingest import Item, PoReader, import_path
from remem.languages import TRANSLATION
from remem.store import F, InvalidInput
from remem.store.errors import MissingDependency
from remem.uses.engines import CommandEngine
from remem.uses.matching import contains
from remem.uses.translation import Translation

BUCKETS = (100, 95, 85, 70, 50, 0)
"""Least per cent of each bucket."""

_TERM_LETTERS = 4


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages of two releases in a language, each with its translation.

    Attributes:
        known: Of the older release.
        new: Of the newer one, without those that the older one has.
    """

    language: str
    known: Mapping[str, str]
    new: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Bucket:
    """Messages that are about as like what was translated before.

    Attributes:
        least: Per cent.
        memory, engine: chrF++ with memory, and of the engine alone where there is one.
    """

    least: int
    messages: int
    memory: float
    engine: float | None


@dataclass(frozen=True, slots=True)
class TranslationFigures:
    """Figures of a language.

    Attributes:
        memory, engine: chrF++ of memory (with the engine for the rest), and of the engine alone.
        copies: chrF++ of what was taken from memory.
        terms: How many terms of a glossary there are to keep.
        kept, kept_alone: Shares of them that stand in the translation: with memory and glossary,
            and of the engine alone.
    """

    language: str
    stored: int
    messages: int
    memory: float
    engine: float | None
    copies: float
    buckets: Sequence[Bucket]
    terms: int
    kept: float | None
    kept_alone: float | None


def messages(older: Path, newer: Path, language: str) -> Messages:
    """The messages of all catalogues of a language in two folders.

    Raises:
        InvalidInput: one has none, or the newer has none that the older lacks.
    """
    known, wanted = (_messages(folder, language) for folder in (older, newer))
    new = {text: translation for text, translation in wanted.items() if text not in known}
    if not new:
        raise InvalidInput(f"{newer} has no message that {older} lacks: name a newer release")
    return Messages(language, known, new)


def _messages(folder: Path, language: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in _catalogues(folder):
        for item in PoReader().read(path):
            if isinstance(item, Item):
                text = item.record.metadata["translations"].get(language)
                if text is not None:
                    found.setdefault(item.record.text, text)
    if not found:
        raise InvalidInput(f"{folder} has no catalogue with translations into {language!r}")
    return found


@contextmanager
def remembered(folder: Path, encoder: Encoder) -> Iterator[Memory]:
    """A memory of all catalogues in a folder."""
    with Memory(":memory:", encoder=encoder) as memory:
        for path in _catalogues(folder):
            import_path(memory, path)
        yield memory


def _catalogues(folder: Path) -> Sequence[Path]:
    return sorted(folder.rglob("*.po"))


def figures(memory: Memory, texts: Messages, command: str | None) -> TranslationFigures:
    """Translate the new messages of a release with the memory of the older one."""
    known, language, new = texts.known, texts.language, [*texts.new]
    engine = cache(CommandEngine(command)) if command else None
    glossary = {term: known[term] for term in known if _is_term(term)}
    made = [memory.translate(text, language, engine=engine) for text in new]
    held = [
        memory.translate(text, language, engine=engine, glossary=glossary)
        for text in (new if engine else ())
    ]
    alone = [engine(text) for text in new] if engine else None
    references = [*texts.new.values()]
    copied = [at for at, one in enumerate(made) if one.origin in ("stored", "repaired")]
    terms = sum(len(one.terms) for one in held)
    return TranslationFigures(
        language,
        memory.count(F("kind") == TRANSLATION),
        len(new),
        score([one.text for one in made], references),
        score(alone, references) if alone else None,
        score([made[at].text for at in copied], [references[at] for at in copied]),
        _buckets(made, alone, references),
        terms,
        1 - sum(len(one.missing) for one in held) / terms if terms else None,
        _kept(held, alone) / terms if terms and alone else None,
    )


def _is_term(message: str) -> bool:
    return message.isalpha() and len(message) >= _TERM_LETTERS


def _kept(held: Sequence[Translation], texts: Sequence[str]) -> int:
    return sum(
        contains(text, wanted)
        for one, text in zip(held, texts, strict=True)
        for wanted in one.terms.values()
    )


def _buckets(
    made: Sequence[Translation], alone: Sequence[str] | None, references: Sequence[str]
) -> list[Bucket]:
    places: Mapping[int, list[int]] = {least: [] for least in BUCKETS}
    for at, one in enumerate(made):
        share = one.matches[0].percent if one.matches else 0
        places[next(least for least in BUCKETS if share >= least)].append(at)
    return [
        Bucket(
            least,
            len(chosen),
            score([made[at].text for at in chosen], [references[at] for at in chosen]),
            score([alone[at] for at in chosen], [references[at] for at in chosen])
            if alone
            else None,
        )
        for least, chosen in places.items()
        if chosen
    ]


def score(texts: Sequence[str], references: Sequence[str]) -> float:
    """chrF++ of texts against one reference each, from 0 to 100; 0 of no texts.

    Raises:
        MissingDependency: sacrebleu is not installed.
    """
    try:
        from sacrebleu.metrics.chrf import CHRF
    except ImportError as error:
        raise MissingDependency("chrF++", "sacrebleu") from error
    if not texts:
        return 0.0
    return float(CHRF(word_order=2).corpus_score(list(texts), [list(references)]).score)

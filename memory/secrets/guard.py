"""Guards: secrets in records that are to be remembered are kept, or they are taken out, or
such records are refused.

Turns and notes are looked at one by one, so that what is said in pieces and what is said at once
are treated alike, and nothing is stored twice. The passages of a document are looked at together
as well: a private key may begin in one and end in the next but one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from remem.secrets.scanning import KnownSecrets, Scanner, Secret, distinct
from remem.store.errors import InvalidInput
from remem.store.types import Record
from remem.store.validation import check_record

_log = logging.getLogger(__name__)

_TOGETHER = 256
"""Passages of a document that are looked at together, at most."""

_TOLD = 10
"""Secrets that one line of the log names."""

_NAMES = ("key", "source", "kind", "role", "superseded_by", "origin")
"""Fields by which records are found, told apart and linked: changed, they would mean another."""

_AGAIN = 32
"""Those of them that are looked at again together with what follows: more than a secret spans."""


@dataclass(frozen=True, slots=True)
class Removed:
    """A secret that was found in a record. It does not say what the secret is.

    Attributes:
        key: Of the record.
        kind: What was found, for people: ``"GitHub token"``.
        place: Where: ``"line 3"`` of its text, ``"speaker"`` or ``"metadata.NAME"``.
    """

    key: str
    kind: str
    place: str

    def __str__(self) -> str:
        return f"a secret ({self.kind}) in {self.place} of {self.key}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The decision about a record.

    Attributes:
        record: As it may be stored.
        removed: What was taken out of it.
        refusal: Why it may not be stored at all, in one sentence.
    """

    record: Record
    removed: tuple[Removed, ...] = ()
    refusal: str | None = None

    def of(self, record: Record) -> Outcome:
        """The same of a record that says the same, and has another name."""
        removed = tuple(replace(each, key=record.key) for each in self.removed)
        return replace(self, record=record, removed=removed)


class Guard(Protocol):
    """Decides what may be stored."""

    def outcomes(self, records: Iterable[Record]) -> Iterator[Outcome]:
        """One for each record, in order. Streams: no more than some hundred are held at a time."""


class Allow:
    """Stores everything as it is."""

    def outcomes(self, records: Iterable[Record]) -> Iterator[Outcome]:
        """See ``Guard.outcomes``."""
        return map(Outcome, records)


@dataclass(frozen=True, slots=True)
class Redact:
    """Puts a mark in the place of each secret: ``[secret removed: GitHub token]``.

    The names of records (key, source, kind, role, origin, successor) are what they are found by:
    one that holds a secret is refused.
    """

    scanner: Scanner = field(default_factory=KnownSecrets)

    def outcomes(self, records: Iterable[Record]) -> Iterator[Outcome]:
        """See ``Guard.outcomes``."""
        for record, found in _read(self.scanner, records):
            if isinstance(found, str):
                yield Outcome(record, (), found)
            else:
                yield self._clean(record, found)

    def _clean(self, record: Record, in_text: Sequence[Secret]) -> Outcome:
        removed: list[Removed] = []

        def cleaned(text: str, place: str) -> str:
            found = self.scanner.find(text)
            removed.extend(Removed(record.key, each.kind, place) for each in found)
            return _marked(text, found)

        last, line = 0, 1
        for each in in_text:
            line += record.text.count("\n", last, each.start)
            last = each.start
            removed.append(Removed(record.key, each.kind, f"line {line}"))
        speaker = record.speaker and cleaned(record.speaker, "speaker")
        metadata = _mapped(record.metadata, cleaned, "metadata")
        if not removed:
            return Outcome(record)
        text = _marked(record.text, in_text)
        return Outcome(
            replace(record, text=text, speaker=speaker, metadata=metadata), tuple(removed)
        )


@dataclass(frozen=True, slots=True)
class Refuse:
    """Refuses records that hold a secret."""

    scanner: Scanner = field(default_factory=KnownSecrets)

    def outcomes(self, records: Iterable[Record]) -> Iterator[Outcome]:
        """See ``Guard.outcomes``."""
        for outcome in Redact(self.scanner).outcomes(records):
            if outcome.removed:
                first, *more = map(str, outcome.removed)
                others = f" and {len(more)} more" if more else ""
                refusal = f"there is {first}{others}: take it out, or choose 'redact' for secrets"
                yield Outcome(outcome.record, (), refusal)
            else:
                yield outcome


GUARDS: Mapping[str, Callable[[], Guard]] = {
    "allow": Allow,
    "redact": Redact,
    "refuse": Refuse,
}
"""The guards by the names that people give them."""


def guard_called(secrets: str | Guard) -> Guard:
    """The guard of this name; one that is a guard already is itself.

    Raises:
        InvalidInput: no guard has that name.
        MissingDependency: looking for secrets needs an optional package.
    """
    if not isinstance(secrets, str):
        return secrets
    if secrets not in GUARDS:
        raise InvalidInput(f"secrets is {secrets!r}; choose one of {', '.join(GUARDS)}")
    return GUARDS[secrets]()


def accepted(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """The outcomes, as long as none is a refusal.

    Raises:
        InvalidInput: one is.
    """
    for outcome in outcomes:
        if outcome.refusal:
            raise InvalidInput(outcome.refusal)
        yield outcome


def holds_no_secret(guard: Guard, text: str) -> bool:
    """True if a guard would store a text as it is."""
    outcomes = guard.outcomes([Record("k", "s", 0, text)])
    return all(one.record.text == text and one.refusal is None for one in outcomes)


def _read(
    scanner: Scanner, records: Iterable[Record]
) -> Iterator[tuple[Record, Sequence[Secret] | str]]:
    """Each record with the secrets in its text, or with the reason why it cannot be stored."""
    together: list[Record] = []
    for record in records:
        reason = _reason(scanner, record)
        joins = reason is None and record.kind == "passage"
        if together and not (joins and record.source == together[-1].source):
            yield from _across(scanner, together)
            together = []
        if not joins:
            yield record, reason or scanner.find(record.text)
            continue
        together.append(record)
        if len(together) == _TOGETHER + _AGAIN:
            yield from _across(scanner, together)[:_TOGETHER]
            together = together[_TOGETHER:]
    yield from _across(scanner, together)


def _across(scanner: Scanner, passages: Sequence[Record]) -> list[tuple[Record, Sequence[Secret]]]:
    """Passages that follow each other, each with the secrets in its text, and with its parts of
    those that begin or end in another."""
    text = "\n".join(passage.text for passage in passages)
    whole = scanner.find(text) if len(passages) > 1 else ()
    result: list[tuple[Record, Sequence[Secret]]] = []
    start = 0
    for passage in passages:
        end = start + len(passage.text)
        parts = [
            (each.kind, max(each.start, start) - start, min(each.end, end) - start)
            for each in whole
            if each.start < end and each.end > start and (each.start < start or each.end > end)
        ]
        own = [(each.kind, each.start, each.end) for each in scanner.find(passage.text)]
        result.append((passage, distinct([*own, *parts])))
        start = end + 1
    return result


def tell(removed: Sequence[Removed]) -> None:
    """Say in the log what was taken out, a line for a batch: not every road has another way."""
    if removed:
        first = "; ".join(map(str, removed[:_TOLD]))
        more = f"; and {len(removed) - _TOLD} more" if len(removed) > _TOLD else ""
        _log.warning("not stored: %s%s", first, more)


def _reason(scanner: Scanner, record: Record) -> str | None:
    """Reason why a record cannot be stored, whatever is taken out of it; None if it can. It does
    not show the record's names as long as they may be secret."""
    for what in _NAMES:
        name = getattr(record, what)
        if isinstance(name, str) and (found := scanner.find(name)):
            return f"the {what} of a record holds a secret ({found[0].kind}): name it otherwise"
    try:
        check_record(record)
    except InvalidInput as error:
        return str(error)
    return None


def _marked(text: str, secrets: Iterable[Secret]) -> str:
    """A text with a mark in the place of each secret; these come in order."""
    pieces, last = [], 0
    for secret in secrets:
        pieces += [text[last : secret.start], f"[secret removed: {secret.kind}]"]
        last = secret.end
    return "".join([*pieces, text[last:]])


def _mapped(value: Any, clean: Callable[[str, str], str], place: str) -> Any:
    """JSON with all its strings, the names too, cleaned."""
    if isinstance(value, str):
        return clean(value, place)
    if isinstance(value, Mapping):
        names = {name: clean(name, place) if isinstance(name, str) else name for name in value}
        return {
            name: _mapped(value[given], clean, f"{place}.{name}") for given, name in names.items()
        }
    if isinstance(value, list):
        return [_mapped(item, clean, place) for item in value]
    return value

"""From one store to another: records with their history and times, views and vectors, as they are.

Both stores are read side by side in the order that they share, and what differs is put right in
the target. So a migration that was interrupted goes on when it is asked for again, another round
catches up with what was written meanwhile, and a round that finds no difference is the proof that
both hold the same.

Records are copied in that order, so what an interrupted migration leaves behind is the beginning of
the source, up to the end of a page. Any other target has a life of its own, such as one that is in
use since it was filled: it is compared before anything is written, and refused. Only where whole
pages or namespaces were deleted at its end, it looks the same.

The digests of what was deleted or forgotten, which stand beside a store and not in it, go along.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from remem.departed import Departed, departed_from
from remem.store import Batch, EncoderMismatch, Entry, InvalidInput, Store, raise_damage
from remem.transfer import to_line

logger = logging.getLogger("remem")

_PAGE = 256
"""Entries read, and differences written, at a time."""

_ROUNDS = 10
"""A source that is written faster than it is read would never be caught up with."""


@dataclass(frozen=True, slots=True)
class Step:
    """The progress of a migration: its round, and how many of how many records are compared.

    Round 0 is a look at what the target holds before."""

    round: int
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Migrated:
    """The outcome of a migration.

    Attributes:
        records: How many both stores hold at the end, history included.
        copied: How many were written to the target.
        deleted: How many were deleted there.
        rounds: How often the stores were compared; nothing differed in the last round.
        digest: SHA-256, in hexadecimal, of all that was compared in it.
    """

    records: int
    copied: int
    deleted: int
    rounds: int
    digest: str


@dataclass(slots=True)
class _Round:
    records: int = 0
    copied: int = 0
    deleted: int = 0


def migrate(
    source: Store,
    target: Store,
    *,
    replace: bool = False,
    departed: tuple[Departed, Departed] | None = None,
    progress: Callable[[Step], object] | None = None,
) -> Migrated:
    """Let the target hold what the source holds, in all namespaces of the source, and what was
    deleted or forgotten there stay away from imports into it.

    The source may be written meanwhile; nobody else may write these namespaces of the target.

    Args:
        replace: Delete and overwrite what the target holds otherwise in these namespaces.
        departed: The digests of what went from the source, and of what went from the target; None:
            those in the folders of embedded stores, where ``Memory`` keeps them.
            ``remem.configuration.departed_at`` has those of the command line, of any store.
        progress: Called after each page.

    Raises:
        EncoderMismatch: the target holds vectors of another encoder; or the source was re-encoded
            meanwhile.
        InvalidInput: the target is not the beginning of a copy of the source, and ``replace`` is
            not set: nothing was written. Or the source was written faster than it could be copied:
            what was copied until then stays.
    """
    _adopt(source, target)
    done = _copied(source, target, replace, progress)
    _carry(departed or (departed_from(source.url), departed_from(target.url)), target.url)
    return done


def _copied(
    source: Store, target: Store, replace: bool, progress: Callable[[Step], object] | None
) -> Migrated:
    namespaces: set[str] = set()
    copied = deleted = 0
    for number in range(1, _ROUNDS + 1):
        new = sorted(set(source.namespaces()) - namespaces)
        if not replace:
            _check_beginning(source, target, new, progress)
        namespaces.update(new)  # those that were forgotten meanwhile stay
        total = sum(source.count(namespace) for namespace in namespaces)
        digest = hashlib.sha256()
        round = _Round()
        for namespace in sorted(namespaces):
            for page in _pages(_differences(source, target, namespace, round, digest.update)):
                _put_right(source, target, namespace, page, round)
                if progress:
                    progress(Step(number, round.records, total))
        copied, deleted = copied + round.copied, deleted + round.deleted
        if not (round.copied or round.deleted):
            return Migrated(round.records, copied, deleted, number, digest.hexdigest())
    raise InvalidInput(
        "the source is written faster than it can be copied: run the same command again with "
        "--replace when less is written"
    )


def _adopt(source: Store, target: Store) -> None:
    if source.space is not None:
        try:
            target.adopt(source.space)
        except EncoderMismatch as error:
            raise EncoderMismatch(
                "the target holds memories of another encoder: choose an empty store, or re-encode "
                "one of the two with 'remem reindex' first"
            ) from error


def _carry(departed: tuple[Departed, Departed], target: str) -> None:
    ours, theirs = departed
    went = ours.known().by_salt
    if went and theirs.path is None:
        logger.warning(
            "imports into %s may bring back what was deleted or forgotten: its digests have no "
            "place there; name a file for them",
            target,
        )
    theirs.adopt(went)


Pair = tuple[Entry | None, Entry | None]
"""The entries that source and target hold at one place."""


def _check_beginning(
    source: Store,
    target: Store,
    namespaces: Sequence[str],
    progress: Callable[[Step], object] | None,
) -> None:
    """Refuse a target that holds something else than the source does up to the end of a page."""
    held = {namespace: target.count(namespace) for namespace in namespaces}
    done, total = 0, sum(held.values())
    lacking = ""
    for namespace, left in held.items():
        for pair in _side_by_side(_entries(source, namespace), _entries(target, namespace)):
            ours, theirs = pair
            if theirs is None:
                lacking = lacking or f"lacks {_named(namespace, pair)}"
                if left:
                    continue
                if held[namespace] % _PAGE:
                    raise _other_life(lacking)
                break
            left -= 1
            done += 1
            if progress and done % _PAGE == 0:
                progress(Step(0, done, total))
            if ours is None:
                raise _other_life(f"holds {_named(namespace, pair)}, which the source does not")
            if _canonical(namespace, ours) != _canonical(namespace, theirs):
                raise _other_life(f"holds {_named(namespace, pair)} otherwise than the source")
            if lacking:
                raise _other_life(lacking)


def _named(namespace: str, pair: Pair) -> str:
    key = next(entry.record.key for entry in pair if entry is not None)
    return f"{key!r} in the namespace {namespace!r}"


def _other_life(how: str) -> InvalidInput:
    return InvalidInput(
        f"the target {how}: one of them was changed since records were copied, so nothing is "
        "written; choose an empty store, or --replace to make the target like the source there"
    )


def _differences(
    source: Store,
    target: Store,
    namespace: str,
    round: _Round,
    digest: Callable[[bytes], object],
) -> Iterator[Pair | None]:
    """The pairs that differ; None for each that does not."""
    for ours, theirs in _side_by_side(_entries(source, namespace), _entries(target, namespace)):
        if ours is None:
            yield ours, theirs
            continue
        round.records += 1
        written = _canonical(namespace, ours)
        digest(written)
        same = theirs is not None and _canonical(namespace, theirs) == written
        yield None if same else (ours, theirs)


def _entries(store: Store, namespace: str) -> Iterator[Entry]:
    records = store.scan(namespace, damaged=raise_damage)
    while page := list(islice(records, _PAGE)):
        yield from store.entries(namespace, [record.key for record in page])


def _side_by_side(ours: Iterator[Entry], theirs: Iterator[Entry]) -> Iterator[Pair]:
    """The entries of both in their common order; None where one holds nothing."""
    our, their = next(ours, None), next(theirs, None)
    while our is not None or their is not None:
        if their is None or (our is not None and _place(our) < _place(their)):
            yield our, None
            our = next(ours, None)
        elif our is None or _place(their) < _place(our):
            yield None, their
            their = next(theirs, None)
        else:
            yield our, their
            our, their = next(ours, None), next(theirs, None)


def _place(entry: Entry) -> tuple[str, int, str]:
    return entry.record.source, entry.record.position, entry.record.key


def _canonical(namespace: str, entry: Entry) -> bytes:
    """All that a store keeps of an entry: the line of an export, and each view."""
    parts = [to_line(namespace, entry.record).encode()]
    for name, view in sorted(entry.views.items()):
        parts += [name.encode(), view.text.encode(), view.vector.astype("<f2").tobytes()]
    return b"".join(len(part).to_bytes(8, "little") + part for part in parts)


def _pages(found: Iterator[Pair | None]) -> Iterator[list[Pair]]:
    while page := list(islice(found, _PAGE)):
        yield [pair for pair in page if pair is not None]


def _put_right(
    source: Store, target: Store, namespace: str, page: list[Pair], round: _Round
) -> None:
    ours = [our for our, _ in page if our is not None]
    theirs = [their.record.key for our, their in page if our is None and their is not None]
    # A record may stand at another place in the source: it is written where that is read, and
    # whatever is written takes the place of its key.
    elsewhere = source.get(namespace, theirs)
    strange = [key for key, record in zip(theirs, elsewhere, strict=True) if record is None]
    remove = [our.record.key for our in ours] + strange
    if remove:
        target.write(namespace, Batch(add=ours, delete=remove))
        round.copied += len(ours)
        round.deleted += len(strange)

"""Import: from a file or folder into a memory, in batches."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

from remem.departed import Departed, Digests
from remem.ingest.again import Names, Stored, settled
from remem.ingest.base import Found, Item, Problem, Reader
from remem.ingest.detect import detect_reader
from remem.ingest.files import DEFAULT, Limit, limited
from remem.recall.reading.languages import is_foreign
from remem.secrets import guard
from remem.secrets.guard import Guard, Removed
from remem.store import Conflict, InvalidInput, Record

_BATCH = 256
_BATCH_CHARACTERS = 1 << 22
_KEPT_PROBLEMS = 1000
_SAMPLE = 200
"""Records whose beginnings tell the language."""
_BEGINNING = 500  # characters
_CHANGED = "it is already stored with another text, by the same import or in the same minute"


class Outcome(Protocol):
    """Keys of records that were added, and of those that were stored already."""

    @property
    def added(self) -> Sequence[str]:
        """Keys of the new records."""

    @property
    def unchanged(self) -> Sequence[str]:
        """Keys of the records that were stored already."""


class Target(Stored, Protocol):
    """The part of ``Memory`` that an import needs."""

    @property
    def namespace(self) -> str:
        """Namespace of the records that belong to no other one."""

    @property
    def guard(self) -> Guard:
        """The guard that decides what becomes of secrets in what is to be stored."""

    @property
    def departed(self) -> Departed:
        """The notes of what was deleted or forgotten."""

    def in_namespace(self, namespace: str) -> Target:
        """The same memory, with another namespace."""

    def add_records(self, records: Iterable[Record]) -> Outcome:
        """Store records; ``Conflict`` if the key of one is stored with another text."""

    def update(
        self,
        key: str,
        text: str,
        *,
        said_at: datetime | None = None,
        origin: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Record:
        """Put another version in the place of a record."""

    def delete(self, *keys: str) -> int:
        """Remove records."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of an import.

    Attributes:
        records: Number of records that were added or were there already.
        bytes_read: Of a packed file, packed bytes.
    """

    records: int
    bytes_read: int
    bytes_total: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Result of an import.

    Attributes:
        reader: Name of the format, for people.
        added: Number of new records, by namespace.
        unchanged: Number of records that were stored already, by namespace.
        changed: Number of records that were stored with other words, and have a new version.
        stayed_away: Number of records that were deleted or forgotten here, and so left away.
        people: Number of records by who said them, of those that say who.
        sources: Number of conversations and documents.
        first, last: Times between which all of it was said.
        problems: Things that could not be imported; the first 1,000 of them.
        problem_count: Number of problems in all.
        removed: Secrets that were taken out of new records; the first 1,000 of them.
        removed_count: Number of such secrets in all.
        foreign: Most of what was read is in other languages than English.
    """

    reader: str
    added: Mapping[str, int]
    unchanged: Mapping[str, int]
    problems: tuple[Problem, ...]
    problem_count: int
    removed: tuple[Removed, ...] = ()
    removed_count: int = 0
    foreign: bool = False
    changed: Mapping[str, int] = field(default_factory=dict)
    stayed_away: Mapping[str, int] = field(default_factory=dict)
    people: Mapping[str, int] = field(default_factory=dict)
    sources: int = 0
    first: datetime | None = None
    last: datetime | None = None


def import_path(
    memory: Target,
    path: str | Path,
    *,
    reader: Reader | None = None,
    namespace: str | None = None,
    report: Callable[[Progress], None] | None = None,
    limit: Limit | None = DEFAULT,
    in_namespace: Callable[[str], Target] | None = None,
    bring_back: bool = False,
) -> ImportReport:
    """Store all that a file or folder holds; what cannot be read is reported and skipped.

    From where all namespaces are open, a backup also brings what went from the store that it is of,
    which later imports leave away here, too.

    What is stored already is found again though its file was moved or its dates are read in another
    way now; a message that was edited since gets a new version. See ``remem.ingest.again``.

    May be interrupted at any moment: what was stored stays, and running it again goes on from
    there and stores nothing twice.

    Args:
        memory: Where to store it.
        path: A chat export, a document, or a folder of them.
        reader: The reader to use; None finds it by the content.
        namespace: For records to which the format gives no namespace; None is the memory's own.
        report: Called after each batch and at the end.
        limit: What unpacks to far more than it weighs and is refused; None: nothing is.
        in_namespace: Gives the memory of a namespace that the file names, or raises
            ``InvalidInput``; None: all are open.
        bring_back: Remember again what was deleted or forgotten here, which otherwise stays away.

    Raises:
        InvalidInput: there is nothing at the path, no reader knows it, or it is beyond the limit.
        MissingDependency: the document needs an optional package.
        RememError: the store failed; see ``remem.store.errors``.
    """
    path = Path(path)
    reader = reader or detect_reader(path)
    all_open = in_namespace is None
    in_namespace = in_namespace or memory.in_namespace
    departed = (Departed() if bring_back else memory.departed).known()
    run = _Run(memory, path, namespace or memory.namespace, report, in_namespace, departed)
    with limited(limit):
        items = reader.read(path, run.count_bytes)
        for batch in _batches(run.guarded(items), run.add_problem):
            run.add(*batch)
    if all_open:
        # Behind the records, of which one may have gone once and been brought back.
        for went in run.went:
            memory.departed.adopt(went.by_salt)
    return run.finish(reader.name)


def _batches(
    items: Iterable[Item | Problem], on_problem: Callable[[Problem], None]
) -> Iterator[tuple[str | None, list[Record], bool]]:
    """Runs of records of one namespace, in order, of bounded size and without a key twice; all of
    them doubtful, or none."""
    namespace: str | None = None
    is_doubtful = False
    batch: dict[str, Record] = {}
    size = 0
    for item in items:
        if isinstance(item, Problem):
            on_problem(item)
            continue
        is_full = len(batch) == _BATCH or size > _BATCH_CHARACTERS
        is_other = (item.namespace, item.is_doubtful) != (namespace, is_doubtful)
        if is_full or is_other or item.record.key in batch:
            yield namespace, list(batch.values()), is_doubtful
            batch, size = {}, 0
        namespace, is_doubtful = item.namespace, item.is_doubtful
        batch[item.record.key] = item.record
        size += len(item.record.text)
    yield namespace, list(batch.values()), is_doubtful


class _Run:
    """The state of one import.

    Attributes:
        went: The digests that a backup had of what was deleted from its store.
    """

    def __init__(
        self,
        memory: Target,
        path: Path,
        namespace: str,
        report: Callable[[Progress], None] | None,
        in_namespace: Callable[[str], Target],
        departed: Digests,
    ) -> None:
        self._memory = memory
        self._departed = departed
        self._in_namespace = in_namespace
        self._path = path
        self._namespace = namespace
        self._report = report
        self._bytes_read = 0
        self._bytes_total = _size(path)
        self._added: Counter[str] = Counter()
        self._unchanged: Counter[str] = Counter()
        self._changed: Counter[str] = Counter()
        self._stayed_away: Counter[str] = Counter()
        self._names: dict[str, Names] = {}
        self._began = datetime.now(timezone.utc)
        self._summary = _Summary()
        self._problems: list[Problem] = []
        self._problem_count = 0
        self._guarded: dict[str, guard.Outcome] = {}
        self._removed: list[Removed] = []
        self._removed_count = 0
        self._sample: list[str] = []
        self.went: list[Digests] = []

    def count_bytes(self, count: int) -> None:
        self._bytes_read += count

    def add_problem(self, problem: Problem) -> None:
        self._problem_count += 1
        if self._problem_count <= _KEPT_PROBLEMS:
            self._problems.append(problem)

    def guarded(self, items: Iterable[Found]) -> Iterator[Item | Problem]:
        """The items without secrets; digests are put into ``went``. Here, and not only in the
        memory, because what belongs together may be stored in several batches, and one that is
        refused record by record."""
        waiting: deque[Item] = deque()

        def records() -> Iterator[Record]:
            for item in items:
                if isinstance(item, Problem):
                    self.add_problem(item)
                elif isinstance(item, Digests):
                    self.went.append(item)
                else:
                    waiting.append(item)
                    yield item.record

        for outcome in self._memory.guard.outcomes(records()):
            item = waiting.popleft()
            if outcome.refusal:
                yield Problem(self._path, f"a record was skipped: {outcome.refusal}")
            else:
                if outcome.removed:
                    self._guarded[outcome.record.key] = outcome
                yield replace(item, record=outcome.record)

    def add(
        self, namespace: str | None, records: Sequence[Record], is_doubtful: bool = False
    ) -> None:
        """Store a batch; records that cannot be stored become problems, the others go in."""
        name = namespace or self._namespace
        missing = _SAMPLE - len(self._sample)
        self._sample += (record.text[:_BEGINNING] for record in records[:missing])
        memory = self._in_namespace(name)
        named = self._named(memory, name, records)
        dated = self._untold(name, self._undated(memory, name, named, is_doubtful))
        present = self._departed.without(memory, dated)
        self._stayed_away[name] += len(dated) - len(present)
        left = {each.key for each in dated} - {each.key for each in present}
        self._summary.add([each for each in named if each.key not in left])
        pending = [present]
        if records:
            self._added[name] += 0  # told also where nothing of it is new
        while pending:
            part = pending.pop()
            if not part:
                continue
            try:
                outcome = memory.add_records(part)
            except Conflict as conflict:
                rest = [record for record in part if record.key not in conflict.keys]
                if len(rest) == len(part):
                    raise
                settled = (
                    self._settled(memory, name, record)
                    for record in part
                    if record.key in conflict.keys
                )
                pending.append([*rest, *(each for each in settled if each)])
            except InvalidInput as error:
                if len(part) == 1:
                    self._skip(part[0], str(error))
                else:
                    middle = len(part) // 2
                    pending += [part[middle:], part[:middle]]
            else:
                self._added[name] += len(outcome.added)
                self._unchanged[name] += len(outcome.unchanged)
                self._count_removed(outcome.added)
        for record in (*records, *named):
            self._guarded.pop(record.key, None)
        self._tell(self._bytes_read)

    def _named(self, memory: Target, name: str, records: Sequence[Record]) -> list[Record]:
        """The records under the names that their sources have in the memory."""
        names = self._names.get(name)
        if names is None:
            known = {each.source: each for each in memory.sources()}
            names = self._names[name] = Names(memory, known, self._began)
        named = names.named(records)
        for before, after in zip(records, named, strict=True):
            if after.key != before.key and before.key in self._guarded:
                self._guarded[after.key] = self._guarded.pop(before.key).of(after)
        return named

    def _undated(
        self, memory: Target, name: str, records: list[Record], is_doubtful: bool
    ) -> list[Record]:
        """The records but those that are stored with day and month the other way round: a file that
        is sure of its dates corrects what another one guessed, and not the other way."""
        names = self._names[name]
        twins: dict[str, str] = {}
        for source in {record.source for record in records} & names.known.keys():
            twins |= names.twins([each for each in records if each.source == source], source)
        stored = dict(zip(twins, memory.get_many(list(twins)), strict=True))
        twins = {key: twin for key, twin in twins.items() if stored[key] is None}
        if not twins:
            return records
        if not is_doubtful:
            memory.delete(*twins.values())
            return records
        self._unchanged[name] += len(twins)
        return [record for record in records if record.key not in twins]

    def _untold(self, name: str, records: list[Record]) -> list[Record]:
        """The records but those that an export in another form brought already."""
        sources = {record.source for record in records}
        told: set[str] = set()
        for source in sources & self._names[name].known.keys():
            told |= self._names[name].told([one for one in records if one.source == source], source)
        self._unchanged[name] += len(told)
        return [record for record in records if record.key not in told]

    def _settled(self, memory: Target, name: str, record: Record) -> Record | None:
        """Deal with a record whose key is stored with another text; what is to be added for it."""
        decided = settled(memory, record, self._began)
        if decided.known:
            self._unchanged[name] += 1
        elif decided.edits:
            memory.update(
                decided.edits,
                record.text,
                said_at=record.said_at,
                origin=record.origin,
                metadata=record.metadata,
            )
            self._changed[name] += 1
        elif decided.record is None:
            self._skip(record, _CHANGED)
        return decided.record

    def finish(self, reader: str) -> ImportReport:
        self._tell(self._bytes_total)
        return ImportReport(
            reader=reader,
            added=dict(self._added),
            unchanged=dict(self._unchanged),
            problems=tuple(self._problems),
            problem_count=self._problem_count,
            removed=tuple(self._removed),
            removed_count=self._removed_count,
            foreign=is_foreign("\n".join(self._sample)),
            changed=dict(self._changed),
            stayed_away=dict(+self._stayed_away),
            people=dict(self._summary.people),
            sources=sum(len(set(each.chosen.values())) for each in self._names.values()),
            first=self._summary.first,
            last=self._summary.last,
        )

    def _count_removed(self, added: Sequence[str]) -> None:
        for key in added:
            if outcome := self._guarded.get(key):
                self._removed_count += len(outcome.removed)
                self._removed += outcome.removed[: _KEPT_PROBLEMS - len(self._removed)]

    def _skip(self, record: Record, reason: str) -> None:
        self.add_problem(Problem(self._path, f"{record.key} was skipped: {reason}"))

    def _tell(self, bytes_read: int) -> None:
        if self._report:
            records = self._added.total() + self._unchanged.total() + self._changed.total()
            # The directory of a .zip is read along with its members, which counts it twice.
            self._report(Progress(records, min(bytes_read, self._bytes_total), self._bytes_total))


@dataclass(slots=True)
class _Summary:
    """Facts about what was read, for people."""

    people: Counter[str] = field(default_factory=Counter)
    first: datetime | None = None
    last: datetime | None = None

    def add(self, records: Sequence[Record]) -> None:
        self.people.update(record.speaker for record in records if record.speaker)
        times = [record.said_at for record in records if record.said_at]
        if times:
            self.first = min([*times, *([self.first] if self.first else [])])
            self.last = max([*times, *([self.last] if self.last else [])])


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())

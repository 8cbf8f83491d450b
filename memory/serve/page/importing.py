"""Import by dropping files: they arrive in pieces, are looked at, and only then stored.

What was dropped lies in a temporary folder until it is stored, or an hour has passed.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from remem.departed import Digests
from remem.ingest.base import Problem
from remem.ingest.detect import detect_reader
from remem.ingest.run import ImportReport, Progress, import_path
from remem.memory import Memory
from remem.serve.access import Caller
from remem.serve.errors import ApiError
from remem.serve.page.jobs import Job, begun, owner_of
from remem.serve.page.visits import HtmlRoute, Visit, Writing
from remem.serve.sessions import PREFIX
from remem.store import InvalidInput, Record

router = APIRouter(route_class=HtmlRoute, include_in_schema=False)

PATH = f"{PREFIX}/import"

_HOUR = 3600.0
_MOST_UPLOADS = 20
_MOST_BYTES = 8 * 2**30
_MOST_FILES = 10_000
_SHOWN_PEOPLE, _SHOWN_PROBLEMS, _SHOWN_TEXTS = 12, 20, 3


@dataclass(slots=True)
class Upload:
    """Files that were dropped together.

    Attributes:
        folder: Where they lie.
        owner: Id of the key with which they were sent.
        bytes: How long they are together.
        files: Their paths within the folder.
        at: When a piece of them arrived last, in seconds that pass.
    """

    folder: Path
    owner: str | None
    bytes: int = 0
    files: set[PurePosixPath] = field(default_factory=set)
    at: float = field(default_factory=time.monotonic)

    @property
    def path(self) -> Path:
        """The one file, or the folder of several."""
        if len(self.files) == 1:
            return self.folder / next(iter(self.files))
        tops = {file.parts[0] for file in self.files}
        return self.folder / tops.pop() if len(tops) == 1 else self.folder


class Uploads:
    """The uploads of one server. Thread-safe."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._known: dict[str, Upload] = {}

    def begin(self, owner: str | None) -> str:
        """Make room for some files; returns a name for them."""
        self._drop_old()
        name = secrets.token_urlsafe(16)
        with self._guard:
            if len(self._known) >= _MOST_UPLOADS:
                raise ApiError(
                    429, "too_many_uploads", "others are importing; try again in a while"
                )
            self._known[name] = Upload(Path(tempfile.mkdtemp(prefix="remem-import-")), owner)
        return name

    def find(self, name: str, owner: str | None) -> Upload:
        """The upload of that name, if it is the owner's.

        Raises:
            ApiError: 404, there is none.
        """
        upload = self._known.get(name)
        if upload is None or upload.owner != owner:
            raise ApiError(404, "no_upload", "these files are here no longer; drop them again")
        return upload

    def drop(self, name: str) -> None:
        """Remove files."""
        with self._guard:
            upload = self._known.pop(name, None)
        if upload:
            shutil.rmtree(upload.folder, ignore_errors=True)

    def close(self) -> None:
        """Remove all of them."""
        for name in list(self._known):
            self.drop(name)

    def _drop_old(self) -> None:
        least = time.monotonic() - _HOUR
        for name in [name for name, upload in self._known.items() if upload.at < least]:
            self.drop(name)


def path_within(name: str) -> PurePosixPath:
    """The path of a file within its upload, whatever a browser calls it. Pure.

    Raises:
        ApiError: 400, it has no name.
    """
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    clean = [part.replace("\0", "").lstrip(".")[-200:] for part in parts[-8:]]
    if not clean or not all(clean):
        raise ApiError(400, "invalid_request", "a file has no name; give it one and drop it again")
    return PurePosixPath(*clean)


@router.get(PATH)
async def view(visit: Writing) -> Response:
    """The place to drop files at."""
    return visit.page("import.html")


@router.post(f"{PATH}/pieces")
async def piece(
    visit: Writing,
    name: str,
    at: Annotated[int, Query(ge=0)],
    upload: str | None = None,
) -> Response:
    """Take a piece of a file, which begins at that byte of it."""
    uploads = _uploads(visit)
    owner = owner_of(visit)
    called = upload or uploads.begin(owner)
    there, inside = uploads.find(called, owner), path_within(name)
    body = await visit.request.body()

    def put(_: Memory) -> None:
        there.bytes, there.at = there.bytes + len(body), time.monotonic()
        there.files.add(inside)
        if there.bytes > _MOST_BYTES or len(there.files) > _MOST_FILES:
            uploads.drop(called)
            raise ApiError(413, "request_too_large", "that is too much at once; use remem import")
        path = there.folder / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("r+b" if path.exists() else "wb") as file:
            file.seek(0, 2)
            if file.tell() != at:
                raise ApiError(409, "conflict", "a piece is missing; drop the files again")
            file.write(body)

    await visit.write(put)
    return JSONResponse({"upload": called})


@dataclass(frozen=True, slots=True)
class Found:
    """The sum of what an import would bring.

    Attributes:
        upload: The name of the files.
        reader: What they were recognised as.
        records: How many memories.
        people: Who said how much, the most first.
        others: How many more people there are.
        sources: How many conversations and documents.
        first, last: When they were said.
        problems: Some of what cannot be read.
        problem_count: How many of these there are.
        texts: Some of the first memories.
        namespaces: Where they would go, if the files say so.
        departed: How many were deleted or forgotten here.
    """

    upload: str
    reader: str
    records: int
    people: Sequence[tuple[str, int]]
    others: int
    sources: int
    first: datetime | None
    last: datetime | None
    problems: Sequence[str]
    problem_count: int
    texts: Sequence[Record]
    namespaces: Sequence[str]
    departed: int


@router.post(f"{PATH}/look")
async def look(visit: Writing) -> Response:
    """Read the files without storing anything."""
    name = visit.form.get("upload", "")
    there = _uploads(visit).find(name, owner_of(visit))
    return begun(visit, "_import_found.html", lambda job: looked_at(there, name, job, visit))


@router.post(f"{PATH}/store")
async def store(visit: Writing) -> Response:
    """Store what the files hold."""
    name = visit.form.get("upload", "")
    uploads = _uploads(visit)
    there = uploads.find(name, owner_of(visit))
    metrics = visit.request.app.state.metrics
    bring_back = visit.form.get("bring_back") == "yes"

    def run(job: Job) -> ImportReport:
        def progress(at: Progress) -> None:
            job.at(at.bytes_read, at.bytes_total)

        report = import_path(
            visit.memory,
            there.path,
            report=progress,
            in_namespace=None if visit.caller.opens_all else partial(_opened, visit.caller),
            bring_back=bring_back,
        )
        metrics.remembered.labels("rest").inc(sum(report.added.values()))
        uploads.drop(name)
        return _without_folder(report, there.folder)

    return begun(visit, "_import_done.html", run)


@router.post(f"{PATH}/drop")
async def drop(visit: Writing) -> Response:
    """Store nothing of it, and remove the files."""
    name = visit.form.get("upload", "")
    uploads = _uploads(visit)
    uploads.find(name, owner_of(visit))
    await visit.write(lambda _: uploads.drop(name))
    return visit.go(PATH)


def looked_at(upload: Upload, name: str, job: Job, visit: Visit) -> Found:
    """The sum of what files hold; reads all of them."""
    went = visit.memory.departed.known()
    reader = detect_reader(upload.path)
    people: Counter[str] = Counter()
    sources: set[str] = set()
    namespaces: set[str] = set()
    problems: list[str] = []
    texts: list[Record] = []
    times: list[datetime] = []
    records = departed = problem_count = read = 0

    def count_bytes(count: int) -> None:
        nonlocal read
        read += count
        job.at(min(read, upload.bytes), upload.bytes)

    for item in reader.read(upload.path, count_bytes):
        if isinstance(item, Problem):
            problem_count += 1
            if problem_count <= _SHOWN_PROBLEMS:
                problems.append(_told(item, upload.folder))
            continue
        if isinstance(item, Digests):
            continue
        record = item.record
        records += 1
        people[record.speaker or record.role or ""] += 1
        sources.add(record.source)
        if item.namespace:
            namespaces.add(item.namespace)
        namespace = item.namespace or visit.memory.namespace
        if went.hold(namespace, record) and visit.opens(namespace):
            departed += visit.memory.in_namespace(namespace).get(record.key) is None
        if len(texts) < _SHOWN_TEXTS:
            texts.append(record)
        if record.said_at:
            known = (*times, record.said_at)
            times = [min(known), max(known)]
    shown = [(who, n) for who, n in people.most_common(_SHOWN_PEOPLE) if who]
    return Found(
        upload=name,
        reader=reader.name,
        records=records,
        people=shown,
        others=max(0, len(people) - _SHOWN_PEOPLE),
        sources=len(sources),
        first=times[0] if times else None,
        last=times[-1] if times else None,
        problems=problems,
        problem_count=problem_count,
        texts=texts,
        namespaces=sorted(islice(namespaces, 100)),
        departed=departed,
    )


def _told(problem: Problem, folder: Path) -> str:
    """A problem, with the path that a file had when it was dropped."""
    return str(problem).replace(f"{folder}/", "")


def _without_folder(report: ImportReport, folder: Path) -> ImportReport:
    inside = [
        replace(each, path=each.path.relative_to(folder))
        if each.path.is_relative_to(folder)
        else each
        for each in report.problems
    ]
    return replace(report, problems=tuple(inside))


def _opened(caller: Caller, namespace: str) -> Memory:
    """The memory of a namespace, if the key opens it."""
    try:
        return caller.granted(namespace).memory
    except ApiError as refusal:
        raise InvalidInput(str(refusal.detail)) from None


def _uploads(visit: Visit) -> Uploads:
    uploads: Uploads = visit.request.app.state.uploads
    return uploads

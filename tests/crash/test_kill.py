"""A writer that is killed loses nothing that was acknowledged, and leaves nothing half done."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from remem.store.conformance.samples import SPACE, embed
from remem.store.embedded import EmbeddedStore
from remem.store.types import Batch, Dense, Entry, Record, Text, Vector, View
from tests.crash.diary import Diary, Expected, read
from tests.crash.processes import context
from tests.crash.traces import traces

FACT = "fact"  # every record holds this word
Writer = Callable[[Path, Path, str], None]


def entry(key: str, dim: int) -> Entry:
    text = f"{FACT} {key}"
    vectors = embed([text], dim)
    return Entry(
        Record(key, "session", position=crc32(key.encode()), text=text, metadata={"key": key}),
        {view: View(text, vectors[0]) for view in SPACE.views},
    )


def write_and_more(folder: Path, diary_path: Path, run: str) -> None:
    """Write, delete, supersede and purge for ever, with snapshots and rebuilds in between."""
    chance = random.Random(run)
    diary = Diary(diary_path)
    with EmbeddedStore(folder) as store:
        assert store.space is not None
        dim = store.space.dim
        known = [record.key for record in store.scan("ana")]
        for number in itertools.count():
            names = [f"w{run}x{number}x{i}z" for i in range(chance.randint(1, 8))]
            forgotten = chance.sample(known, min(len(known), chance.randint(0, 6)))
            supersede = {known[-1]: names[0]} if known and known[-1] not in forgotten else {}
            diary.begin(names, forgotten, supersede)
            batch = Batch([entry(name, dim) for name in names], {}, supersede, forgotten)
            (store.purge if chance.random() < 0.2 else store.write)("ana", batch)
            diary.done()
            known = [key for key in known if key not in forgotten] + names
            if chance.random() < 0.2:
                store.snapshot()
            if chance.random() < 0.1:
                store.rebuild()


def purge_only(folder: Path, diary_path: Path, run: str) -> None:
    """Purge and add one record after the other."""
    diary = Diary(diary_path)
    with EmbeddedStore(folder) as store:
        assert store.space is not None
        dim = store.space.dim
        known = [record.key for record in store.scan("ana")]
        for number in itertools.count():
            new = f"w{run}x{number}z"
            diary.begin([new], known[:1])
            store.purge("ana", Batch(add=[entry(new, dim)], delete=known[:1]))
            diary.done()
            known = [*known[1:], new]


def snapshot_only(folder: Path, diary_path: Path, run: str) -> None:
    """Save the indexes after each small write."""
    diary = Diary(diary_path)
    with EmbeddedStore(folder) as store:
        assert store.space is not None
        for number in itertools.count():
            new = f"w{run}x{number}z"
            diary.begin([new])
            store.write("ana", Batch(add=[entry(new, store.space.dim)]))
            diary.done()
            store.search("ana", [Text("turn", FACT)], 1)
            store.snapshot()


def reindex_only(folder: Path, diary_path: Path, run: str) -> None:
    """Switch from one encoder to another and back."""
    with EmbeddedStore(folder) as store:
        for number in itertools.count():
            dim = 8 + number % 2 * 8

            def encode(texts: object, dim: int = dim) -> Vector:
                return embed(list(texts), dim)  # type: ignore[call-overload]

            store.reindex(replace(SPACE, fingerprint=f"{run} {number}", dim=dim), encode)


def kill_at_random(writer: Writer, folder: Path, diary: Path, run: str, longest: float) -> None:
    process = context.Process(target=writer, args=(folder, diary, run), daemon=True)
    process.start()
    time.sleep(random.uniform(0, longest))
    assert process.exitcode is None, "the writer ended before it was killed"
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()


def check(store: EmbeddedStore, diary: Path, before: Expected) -> Expected:
    """The store holds what it must, and each of it can be found; returns what it holds."""
    records = list(store.scan("ana"))
    found = Expected(
        {record.key for record in records},
        {record.key for record in records if record.superseded_by is not None},
    )
    assert len(records) == len(found.keys)
    assert found in list(read(diary, before))
    assert all(record.text == f"{FACT} {record.key}" for record in records)
    assert store.space is not None
    current = found.keys - found.superseded
    anything = np.ones(store.space.dim, np.float32)
    for leg in (Dense("turn", anything), Dense("window", anything), Text("window", FACT)):
        [hits] = store.search("ana", [leg], 10_000_000)
        assert sorted(hit.record.key for hit in hits) == sorted(current)
    for key in random.sample(sorted(current), min(len(current), 5)):
        view = entry(key, store.space.dim).views["turn"]
        nearest, by_word = store.search("ana", [Dense("turn", view.vector), Text("turn", key)], 1)
        assert nearest[0].record.key == by_word[0].record.key == key
    assert store.verify().problems == ()
    return found


def kill_again_and_again(tmp_path: Path, writer: Writer, times: int, longest: float) -> None:
    folder = tmp_path / "memories"
    state = Expected({f"w0x{i}z" for i in range(50)})
    with EmbeddedStore(folder) as store:
        store.adopt(SPACE)
        store.write("ana", Batch(add=[entry(key, SPACE.dim) for key in sorted(state.keys)]))
        store.snapshot()
    ever = set(state.keys)
    for run in range(1, times + 1):
        diary = tmp_path / f"diary {run}"
        kill_at_random(writer, folder, diary, str(run), longest)
        with EmbeddedStore(folder) as store:
            state = check(store, diary, state)
        ever |= state.keys
    if writer is purge_only:
        assert traces(folder, ever) == state.keys


def test_a_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, write_and_more, times=100, longest=0.2)


@pytest.mark.parametrize("writer", [purge_only, snapshot_only, reindex_only])
def test_no_moment_is_a_bad_one_to_be_killed(tmp_path: Path, writer: Writer) -> None:
    kill_again_and_again(tmp_path, writer, times=12, longest=0.15)

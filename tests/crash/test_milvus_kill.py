"""A process that is killed while it writes to Milvus Lite loses nothing that was acknowledged, and
leaves nothing half done."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from remem.store.conformance.samples import SPACE
from remem.store.milvus import MilvusStore
from remem.store.types import Batch, Dense, Text
from tests.crash.diary import Diary, Expected, read
from tests.crash.processes import context
from tests.crash.test_kill import FACT, entry


def write_for_ever(path: str, diary_path: Path, run: str) -> None:
    chance = random.Random(run)
    diary = Diary(diary_path)
    with MilvusStore(path) as store:
        known = [record.key for record in store.scan("ana")]
        for number in itertools.count():
            names = [f"w{run}x{number}x{i}z" for i in range(chance.randint(1, 8))]
            forgotten = chance.sample(known, min(len(known), chance.randint(0, 6)))
            supersede = {known[-1]: names[0]} if known and known[-1] not in forgotten else {}
            batch = Batch([entry(n, SPACE.dim) for n in names], {}, supersede, forgotten)
            method = store.purge if chance.random() < 0.1 else store.write
            diary.begin(names, forgotten, supersede)
            method("ana", batch)
            diary.done()
            known = [key for key in known if key not in forgotten] + names


@pytest.mark.slow
def test_kills_lose_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "memories.db")
    with MilvusStore(path) as store:
        store.adopt(SPACE)
    state = Expected()
    for run in range(1, 13):
        diary = tmp_path / f"diary {run}"
        process = context.Process(target=write_for_ever, args=(path, diary, str(run)), daemon=True)
        process.start()
        while not diary.exists() and process.is_alive():
            time.sleep(0.01)
        time.sleep(random.uniform(0, 0.4))
        assert process.exitcode is None, "the writer ended before it was killed"
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        with MilvusStore(path) as store:
            records = list(store.scan("ana"))
            found = Expected(
                {record.key for record in records},
                {record.key for record in records if record.superseded_by is not None},
            )
            assert found in list(read(diary, state))
            state = found
            current = sorted(found.keys - found.superseded)
            legs = [Dense("turn", np.ones(SPACE.dim, np.float32)), Text("window", FACT)]
            for hits in store.search("ana", legs, 10_000):
                assert sorted(hit.record.key for hit in hits) == current
            assert store.verify().problems == ()

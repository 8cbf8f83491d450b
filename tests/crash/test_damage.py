"""Damage is named and never believed: each outcome is the records as they were written, or a
problem that names what is wrong; never a traceback of ours, never a record that was altered.

``REMEM_DAMAGE=2000`` damages the files so many times, instead of the few of every day.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random

import pytest

from remem.store.conformance.samples import SPACE, batch, dense, turn, words
from remem.store.embedded import EmbeddedStore
from remem.store.errors import CorruptStore, DamagedRecord
from remem.store.types import Batch, Record
from tests.crash.processes import context
from tests.crash.survey import survey

TIMES = int(os.environ.get("REMEM_DAMAGE", "60"))
SECRET = "qzxvsecret"
DATABASE = "records.sqlite3"


def record(number: int) -> Record:
    zone = timezone(timedelta(hours=5, minutes=30))
    return turn(
        f"k{number}",
        f"fact {number} {SECRET} {'läßt ' * number}",
        position=number,
        source=f"s{number % 3}",
        kind="turn",
        role="user",
        speaker="Nora",
        said_at=datetime(2024, 3, number % 28 + 1, tzinfo=zone),
        expires_at=datetime(2099, 1, 1, tzinfo=timezone.utc),
        metadata={"topic": SECRET, "n": number},
    )


def fill(folder: Path) -> None:
    """Some records, one of them superseded; what is in the log is more than half of it."""
    with EmbeddedStore(folder) as store:
        store.adopt(SPACE)
        store.write("ana", batch(*map(record, range(20))))
        store.search("ana", [dense("fact 1"), words("fact")], 1)
        store.snapshot()
        store.write("ben", batch(record(0)))


def fill_and_be_killed(folder: Path) -> None:
    fill(folder)
    store = EmbeddedStore(folder)
    store.write("ana", batch(*map(record, range(20, 40))))
    store.write("ana", Batch(supersede={"k1": "k2"}))
    os._exit(0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store whose writer was killed, so that it has a log."""
    folder = tmp_path_factory.mktemp("whole") / "memories"
    process = context.Process(target=fill_and_be_killed, args=(folder,))
    process.start()
    process.join()
    assert (folder / f"{DATABASE}-wal").stat().st_size > 100_000
    return folder


@pytest.fixture(scope="module")
def written(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record]:
    copy = tmp_path_factory.mktemp("read") / "memories"
    shutil.copytree(whole, copy)
    with EmbeddedStore(copy) as store:
        return {each.key: each for each in store.scan("ana")}


def flip_bits(content: bytearray, random: Random) -> None:
    for _ in range(random.choice([1, 1, 1, 2, 8])):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)


def cut_short(content: bytearray, random: Random) -> None:
    del content[random.randrange(len(content)) :]


def zero_a_page(content: bytearray, random: Random) -> None:
    size = random.choice([512, 4096, 8192])
    start = random.randrange(len(content)) // size * size
    content[start : start + size] = bytes(len(content[start : start + size]))


HARMS = (flip_bits, flip_bits, flip_bits, cut_short, zero_a_page)


def test_what_is_damaged_at_random_is_read_as_it_was_or_named(
    tmp_path: Path, whole: Path, written: dict[str, Record], caplog: pytest.LogCaptureFixture
) -> None:
    for seed in range(TIMES):
        random, folder = Random(seed), tmp_path / str(seed)
        shutil.copytree(whole, folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
        target, harm = random.choice(files), random.choice(HARMS)
        content = bytearray(target.read_bytes())
        harm(content, random)
        target.write_bytes(content)
        what = f"seed {seed}: {harm.__name__} in {target.name}"
        said: list[str] = []
        try:
            with EmbeddedStore(folder) as store:
                seen = survey(store, "ana", written)
            said = seen.said
            assert not seen.altered, what
            whole_now = not seen.missing and seen.scanned == set(written)
            assert whole_now or said, what
        except CorruptStore as error:
            said = [str(error)]
        for sentence in (*said, caplog.text):
            assert SECRET not in sentence, what
            assert "please report" not in sentence, what
        caplog.clear()
        shutil.rmtree(folder)


def change(folder: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
        connection.execute(statement, values)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "memories"
    fill(folder)
    return folder


NOT_UTF8 = "CAST(x'71787AFF' AS TEXT)"
VALUES = {
    "another type": "x'0102'",
    "not UTF-8": NOT_UTF8,
    "not JSON": "'{\"a\": '",
    "JSON that is no object": "'[1]'",
    "too large": "9223372036854775807",
    "too small": "-9223372036854775808",
    "not a number": "9e999",
    "a word": "'qzxvsecret'",
    "nothing": "NULL",
}
COLUMNS = (
    "key source position kind role speaker said_at said_offset stored_at expires_at "
    "superseded_by valid_to metadata text digest"
).split()


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("column", COLUMNS)
def test_a_damaged_column_costs_its_record_and_no_other(
    folder: Path, column: str, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    with EmbeddedStore(folder) as store:
        written = {each.key: each for each in store.scan("ana")}
    try:
        change(folder, f"UPDATE records SET {column} = {VALUES[value]} WHERE key = 'k7'")
    except sqlite3.IntegrityError:
        return  # SQLite refuses it
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        connection.text_factory = bytes
        as_it_was = connection.execute(f"SELECT {column} FROM records WHERE key = 'k6'").fetchone()
        now = connection.execute(f"SELECT {column} FROM records WHERE id = 8").fetchone()
    if column not in ("digest", "key", "position", "said_at") and as_it_was == now:
        return  # that is what was written
    with EmbeddedStore(folder) as store:
        seen = survey(store, "ana", written)
        assert not seen.altered
        assert seen.failed <= {"get", "entries"}
        assert seen.scanned == seen.scanned & set(written) == set(written) - {"k7"}
        assert seen.missing == {"k7"}
        named = "'k7'" if column != "key" else "'ana'"
        assert any(named in sentence for sentence in seen.said)
        for sentence in (*seen.said, caplog.text):
            assert "please report" not in sentence
            if column != "key" and column != "source":
                assert "qzxv" not in sentence.replace("speaker", "")
        if column != "key":
            assert store.write("ana", Batch(delete=["k7"])).deleted == ("k7",)
            assert store.verify().problems == ()


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE texts SET text = 'other' WHERE record = 8 AND view = 1", "delete it and add it"),
        (f"UPDATE texts SET text = {NOT_UTF8} WHERE record = 8", "delete it and add it"),
        ("UPDATE texts SET text = x'00' WHERE record = 8", "delete it and add it"),
        ("UPDATE texts SET digest = NULL WHERE record = 8", "delete it and add it"),
        ("UPDATE vectors_1 SET data = zeroblob(64) WHERE record = 8", "'remem reindex' makes"),
        ("UPDATE vectors_1 SET data = 'text' WHERE record = 8", "'remem reindex' makes"),
        ("UPDATE vectors_1 SET data = 5 WHERE record = 8", "'remem reindex' makes"),
        ("UPDATE vectors_1 SET digest = x'00' WHERE record = 8", "'remem reindex' makes"),
    ],
)
@pytest.mark.parametrize("indexed", [True, False])
def test_damage_to_what_finds_a_record_is_named_and_costs_no_other(
    folder: Path, statement: str, sentence: str, indexed: bool
) -> None:
    change(folder, statement)
    if not indexed:
        shutil.rmtree(folder / "index")
    with EmbeddedStore(folder) as store:
        problems = store.verify().problems
        assert any("'k7'" in problem and sentence in problem for problem in problems)
        with pytest.raises(DamagedRecord, match="'k7'"):
            store.entries("ana", ["k6", "k7"])
        [hits] = store.search("ana", [words("fact")], 100)
        assert len(hits) >= 19
        store.rebuild()
        [hits] = store.search("ana", [words("fact")], 100)
        assert {hit.record.key for hit in hits} == {f"k{i}" for i in range(20)} - {"k7"}
        assert store.write("ana", Batch(delete=["k7"])).deleted == ("k7",)
        assert store.verify().problems == ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE facets SET value = 'other' WHERE record = 8 AND field = 'topic'",
        f"UPDATE facets SET value = {NOT_UTF8} WHERE record = 8 AND field = 'topic'",
        "DELETE FROM facets WHERE record = 8",
        "UPDATE snapshots SET file = x'00'",
        f"UPDATE snapshots SET file = {NOT_UTF8}",
        "UPDATE snapshots SET file = '../../somewhere'",
        "UPDATE snapshots SET digest = x'00'",
        "UPDATE namespaces SET name = 'another' WHERE name = 'ana'",
        f"UPDATE namespaces SET name = {NOT_UTF8} WHERE name = 'ana'",
        "UPDATE namespaces SET seq = 'x' WHERE name = 'ana'",
        "UPDATE records SET namespace = 99 WHERE key = 'k7'",
        "UPDATE records SET namespace = 2 WHERE key = 'k7'",
        "UPDATE meta SET value = '[' WHERE name = 'space'",
        f"UPDATE meta SET value = {NOT_UTF8} WHERE name = 'space'",
        "UPDATE meta SET value = 'x' WHERE name = 'generation'",
        "UPDATE meta SET value = NULL WHERE name = 'format'",
        "DELETE FROM meta WHERE name = 'identity'",
        "DROP TABLE texts",
        "DROP TABLE vectors_1",
        "DROP TABLE facets",
    ],
)
def test_damage_to_all_else_is_named(
    folder: Path, statement: str, caplog: pytest.LogCaptureFixture
) -> None:
    with EmbeddedStore(folder) as store:
        written = {each.key: each for each in store.scan("ana")}
    change(folder, statement)
    said: list[str] = []
    try:
        with EmbeddedStore(folder) as store:
            seen = survey(store, "ana", written)
            said = seen.said
            assert not seen.altered
            for name in {"ben", "another", *store.namespaces()} - {"ana"}:
                assert [each.key for each in store.scan(name)] in ([], ["k0"])
    except CorruptStore as error:
        said = [str(error)]
    assert said
    for sentence in (*said, caplog.text):
        assert "please report" not in sentence
        assert SECRET not in sentence

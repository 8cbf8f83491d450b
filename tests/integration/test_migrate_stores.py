"""From embedded to PostgreSQL to Milvus and back to embedded: what comes home is what left."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from remem import Memory, Record
from remem.cli import main
from remem.configuration import Settings
from remem.ingest import import_path
from remem.migrate import Step, migrate
from remem.store import Batch, F, Store, Vector, open_store
from remem.store.conformance.naming import NAMES, VALUES, named
from remem.store.conformance.samples import SPACE, turn
from remem.store.conformance.samples import batch as batch_of
from remem.testing import HashEncoder
from remem.transfer import export
from tests.crash.processes import context
from tests.postgres_server import PostgresServer, running

HOPS = [("embedded", "postgres"), ("postgres", "milvus"), ("milvus", "home")]
WAYS = [
    *itertools.permutations(("embedded", "postgres", "milvus"), 2),
    *[("embedded", "home"), ("postgres", "reference"), ("reference", "milvus")],
]
WITH_SLOW_ONES = [
    pytest.param(way, id=" to ".join(way), marks=[pytest.mark.slow] if "milvus" in way[:1] else [])
    for way in WAYS
]
START = datetime(2024, 5, 1, 9, 30, tzinfo=timezone(timedelta(hours=2)))
HANDBOOK = "# Tea\nGreen tea wants 80 °C.\n\n## Pots\nClay keeps it warm.\n\n# 饮茶\n先洗杯。\n"

_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Places:
    """Urls of one store of each kind, and of an embedded one that all comes home to."""

    embedded: str
    postgres: str
    milvus: str
    home: str
    reference: str = ":memory:"

    def hop(self, names: tuple[str, str]) -> tuple[str, str]:
        """From where to where."""
        source, target = names
        return getattr(self, source), getattr(self, target)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running(fsync="off") as server:
        yield server


@pytest.fixture
def places(server: PostgresServer, tmp_path: Path) -> Places:
    database = f"migrate_{next(_numbers)}"
    server.run(f"CREATE DATABASE {database}")
    return Places(
        str(tmp_path / "embedded"),
        server.url(database),
        str(tmp_path / "milvus.db"),
        str(tmp_path / "home"),
    )


def opened(url: str, namespace: str = "ana") -> Memory:
    return Memory(url, namespace=namespace, encoder=HashEncoder())


def fill(url: str) -> None:
    """Turns of several sessions, documents and notes, of three people; with versions that were
    replaced, deleted, expired or forgotten."""
    with opened(url) as ana:
        ben, carla = ana.in_namespace("ben"), ana.in_namespace("卡拉")
        ana.add_records(
            Record(
                key=f"turn {number}",
                source=f"session {number % 7}",
                position=number,
                text=f"Day {number}: the tortoise ate {number % 13} figs.\r\n\u2028",
                role=("user", "assistant", None)[number % 3],
                speaker=("Ana", "böt", None)[number % 3],
                said_at=START + timedelta(hours=number) if number % 5 else None,
                metadata={"mood": ["calm", number], "at": {"house": None}} if number % 4 else {},
            )
            for number in range(700)
        )
        ana.update("turn 3", "Day 3: the tortoise fasted.", said_at=START + timedelta(days=9))
        ana.delete("turn 4")
        ana.forget(F("source") == "session 6")
        ben.add_document(HANDBOOK, source="handbook")
        ben.add_document(HANDBOOK.replace("Clay", "Iron"), source="handbook")
        ben.add("Ben is allergic to nuts.", key="nuts", expires_at=START + timedelta(days=9999))
        ben.update("nuts", "Ben was never allergic.")
        ben.add("A coupon.", key="coupon", expires_at=START)
        carla.add_messages(
            [{"role": "user", "content": "我在北京"}, {"role": "user", "content": "x"}]
        )
        carla.add("long " * 20_000, key="long")


def exported(url: str) -> str:
    with open_store(url) as store:
        return contents(store)


def contents(store: Store) -> str:
    file = io.StringIO()
    export(store, file, store.namespaces())
    return file.getvalue()


def answers(url: str) -> list[str]:
    """The best answer to some questions."""
    questions = {"ana": "What did the tortoise eat on day 12?", "ben": "clay pot", "卡拉": "北京"}
    best = []
    for namespace, question in questions.items():
        with opened(url, namespace) as memory:
            best += [hit.record.key for hit in memory.search(question, k=1)]
    return best


def migrated(source: str, target: str, progress: Callable[[Step], object] | None = None) -> str:
    with open_store(source) as old, open_store(target) as new:
        return migrate(old, new, progress=progress).digest


def test_what_comes_home_is_what_left(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    fill(places.embedded)
    left, said = exported(places.embedded), answers(places.embedded)
    assert left.count("superseded_by") == 3
    records = left.count("\n") - 1
    for hop in HOPS:
        source, target = places.hop(hop)
        assert main(["migrate", source, target]) == 0
        assert f"same {records} records; {records} were copied" in capsys.readouterr().out
        assert exported(target) == left
        assert answers(target) == said
        with open_store(target) as store:
            assert store.verify().ok


@pytest.mark.parametrize("way", WAYS[:7], ids=" to ".join)
def test_what_was_forgotten_stays_away_from_where_it_was_migrated_to(
    places: Places, way: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    chat = tmp_path / "WhatsApp Chat with Ana.txt"
    chat.write_text("20/07/2024, 12:00 - Ana: the pot is blue\n20/07/2024, 12:07 - Ben: no, red\n")
    source, target = places.hop(way)
    with Settings(store=source, encoder="hash").create() as memory:
        import_path(memory, chat)
        memory.forget(F("speaker") == "Ben")
    assert main(["migrate", source, target]) == 0
    with Settings(store=target).create() as memory:
        assert import_path(memory, chat).stayed_away == {"default": 1}


@pytest.mark.parametrize("way", WITH_SLOW_ONES)
def test_names_of_all_kinds_arrive_byte_for_byte(places: Places, way: tuple[str, str]) -> None:
    source, target = places.hop(way)
    with open_store(source) as old, open_store(target) as new:
        old.adopt(SPACE)
        for name in NAMES.values():
            labels = enumerate(VALUES.values())
            labelled = [turn(str(n), speaker=label, metadata={label: label}) for n, label in labels]
            old.write(name, batch_of(named(name), turn("older", source=name), *labelled))
            old.write(name, Batch(supersede={"older": name}))
        new.adopt(SPACE)
        new.write("mine", batch_of(turn("note")))
        left, mine = contents(old), list(new.scan("mine"))
        done = migrate(old, new)
        assert done.copied == done.records == len(NAMES) * (2 + len(VALUES))
        assert contents(old) == left
        assert list(new.scan("mine")) == mine
        new.purge("mine", Batch(delete=["note"]))
        assert contents(new).encode() == left.encode()
        assert migrate(old, new).digest == done.digest
        assert new.verify().ok


def migrate_until_killed(source: str, target: str, parent: Connection) -> None:
    def after_each_page(step: Step) -> None:
        parent.send(step.done)
        if step.done == step.total:
            parent.recv()  # never: it is killed before the end, wherever it is then

    migrated(source, target, after_each_page)


@pytest.mark.parametrize("hop", HOPS, ids=" to ".join)
def test_one_that_was_killed_goes_on_where_it_stopped(places: Places, hop: tuple[str, str]) -> None:
    fill(places.embedded)
    source, target = places.hop(hop)
    if source != places.embedded:
        migrated(places.embedded, source)
    left = exported(source)
    mine, other = context.Pipe()
    process = context.Process(target=migrate_until_killed, args=(source, target, other))
    process.start()
    done = mine.recv()
    process.kill()
    process.join()
    with open_store(source) as old, open_store(target) as new:
        begun = sum(map(new.count, new.namespaces()))
        assert done <= begun
        result = migrate(old, new)
        assert result.copied == result.records - begun
        assert migrate(old, new).digest == result.digest
        assert new.verify().ok
    assert exported(target) == left


def once(act: Callable[[], object]) -> Callable[[Step], None]:
    pending = [act]

    def at_the_first_page(step: Step) -> None:
        if pending:
            pending.pop()()

    return at_the_first_page


@pytest.mark.parametrize("hop", HOPS, ids=" to ".join)
def test_a_source_in_use_is_caught_up_with(places: Places, hop: tuple[str, str]) -> None:
    fill(places.embedded)
    source, target = places.hop(hop)
    if source != places.embedded:
        migrated(places.embedded, source)

    def meanwhile() -> None:
        with opened(source) as ana:
            ana.add("The tortoise is called Theo.", source="session 0", key="name")
            ana.update("turn 0", "Day 0: no figs.")
            ana.delete("turn 1", "turn 695")
            ana.in_namespace("dora").add("Dora came late.")

    migrated(source, target, once(meanwhile))
    left = exported(source)
    assert "Theo" in left
    assert "Dora" in left
    assert exported(target) == left
    assert answers(target) == answers(source)


def test_stores_that_differ_in_a_vector_differ(places: Places) -> None:
    """What an export does not show, the digest does."""
    fill(places.embedded)
    digest = migrated(places.embedded, places.home)

    def turned(texts: Sequence[str]) -> Vector:
        return HashEncoder().encode_documents(texts)[:, ::-1]

    with open_store(places.home) as store:
        assert store.space
        store.reindex(store.space, turned)
    assert exported(places.home) == exported(places.embedded)
    assert migrated(places.home, places.milvus) != digest

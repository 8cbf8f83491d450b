"""Large namespaces, which have an index; and what else only PostgreSQL has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import psycopg
import pytest

from remem.store import open_store
from remem.store.conformance.samples import (
    SPACE,
    batch,
    dense,
    embed,
    entry,
    keys,
    turn,
    views,
    words,
)
from remem.store.filters import F, Filter
from remem.store.postgres import PostgresStore
from remem.store.types import Batch, Dense, Vector
from tests.postgres_server import WITHOUT_NEW_COLUMNS, PostgresServer, running

SMALL, LARGE = 500, 6_000

INDEX = """CREATE INDEX CONCURRENTLY ivf_1_{0}_1_{1}_{2} ON remem.vectors_1_{0}
    USING ivfflat (vector halfvec_ip_ops) WITH (lists = {2}) WHERE namespace = 1 AND live"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running(fsync="off") as server:
        yield server


@pytest.fixture(scope="module")
def large(server: PostgresServer) -> Iterator[PostgresStore]:
    """A namespace with indexes and one without."""
    with PostgresStore(server.url(), exact_up_to=SMALL) as store:
        store.adopt(SPACE)
        names = [f"k{i:04}" for i in range(LARGE)]
        for start in range(0, LARGE, 1000):
            store.write(
                "large", batch(*[turn(n, position=int(n[1:])) for n in names[start:][:1000]])
            )
        store.write("small", batch(*[turn(f"s{i}") for i in range(SMALL)]))
        for namespace in ("large", "small"):
            store.search(namespace, [dense("anything")], 1)
        store.wait()
        yield store


@pytest.fixture
def store(server: PostgresServer) -> Iterator[PostgresStore]:
    """A store in a database of its own."""
    with PostgresStore(server.fresh(), exact_up_to=SMALL) as store:
        store.adopt(SPACE)
        yield store


def rows(server: PostgresServer, sql: str, database: str = "postgres") -> list[tuple[object, ...]]:
    with psycopg.connect(server.url(database)) as connection:
        return connection.execute(sql).fetchall()


def vector_indexes(server: PostgresServer, database: str = "postgres") -> list[str]:
    found = rows(
        server,
        "SELECT indexdef FROM pg_indexes WHERE indexdef LIKE '%halfvec%' ORDER BY 1",
        database,
    )
    return [str(row[0]) for row in found]


def run_alone(url: str, sql: str) -> None:
    """Outside a transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql)


def test_only_a_large_namespace_has_indexes_and_they_are_its_own(
    server: PostgresServer, large: PostgresStore
) -> None:
    indexes = vector_indexes(server)
    assert len(indexes) == len(SPACE.views)
    [[number]] = rows(server, "SELECT id FROM remem.namespaces WHERE name = 'large'")
    assert all(f"namespace = {number}" in index for index in indexes)


@pytest.mark.parametrize(
    ("where", "matching"),
    [
        (None, LARGE),
        (F("position") >= LARGE // 2, LARGE // 2),
        (F("position") >= LARGE - 2_100, 2_100),
        (F("position") >= LARGE - 60, 60),
        (F("position") >= LARGE - 7, 7),
    ],
    ids=["all", "half", "a third", "a few", "fewer than k"],
)
def test_the_nearest_are_found_and_k_of_them(
    large: PostgresStore, where: Filter | None, matching: int
) -> None:
    names = [f"k{i:04}" for i in range(LARGE - matching, LARGE)]
    stored = embed(names)
    stored /= np.linalg.norm(stored, axis=1, keepdims=True)
    found = 0
    for question in embed([f"question {i}" for i in range(30)]):
        nearest = {names[row] for row in np.argsort(-(stored @ question))[:10]}
        [hits] = large.search("large", [Dense("turn", question)], 10, where)
        assert len(hits) == min(10, matching)
        assert list(hits) == sorted(hits, key=lambda hit: (-hit.score, hit.record.key))
        found += len(nearest & set(keys(hits)))
    assert found / (30 * min(10, matching)) >= 0.98


def test_more_than_an_index_can_give_are_all_there(large: PostgresStore) -> None:
    [hits] = large.search("large", [dense("k0001")], 3 * LARGE)
    assert len(set(keys(hits))) == LARGE


def test_an_index_follows_writes_at_once(large: PostgresStore) -> None:
    large.write("large", batch(turn("new and rare")))
    assert keys(large.search("large", [dense("new and rare")], 1)[0]) == ["new and rare"]
    large.write("large", Batch(refresh={"new and rare": views("quinces")}))
    assert keys(large.search("large", [dense("quinces")], 1)[0]) == ["new and rare"]
    large.write("large", Batch(supersede={"new and rare": "k0000"}))
    assert keys(large.search("large", [dense("quinces")], 1)[0]) != ["new and rare"]
    large.write("large", Batch(delete=["new and rare"]))
    assert large.verify().ok


def test_what_was_just_written_is_found_even_in_lists_that_were_made_for_others(
    server: PostgresServer, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remem.store.postgres.indexes._SEARCHED", 1)
    monkeypatch.setattr("remem.store.postgres.indexes._AT_LEAST", 1)
    for view in range(len(SPACE.views)):
        run_alone(server.url("fresh"), INDEX.format(view, 2 * SMALL, 100))  # over nothing
    store.write("ana", batch(*[turn(f"k{i}") for i in range(3 * SMALL)]))
    names = [f"new{i}" for i in range(100)]
    store.write("ana", batch(*map(turn, names)))
    found = [keys(store.search("ana", [dense(name)], 1)[0]) for name in names]
    assert found == [[name] for name in names]


def test_crowds_of_near_copies_are_found(store: PostgresStore) -> None:
    crowds, copies = 100, 60
    rng = np.random.default_rng(9)
    noise = rng.standard_normal((copies, crowds, SPACE.dim)) * 0.15
    vectors = (embed([f"crowd {i}" for i in range(crowds)]) + noise).reshape(-1, SPACE.dim)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    names = [f"k{i:04}" for i in range(len(vectors))]
    made = [entry(turn(name), vector) for name, vector in zip(names, vectors, strict=True)]
    for start in range(0, len(made), 1000):
        store.write("ana", Batch(add=made[start:][:1000]))
    store.search("ana", [dense("anything")], 1)
    store.wait()
    found = 0
    for question in embed([f"question {i}" for i in range(50)]):
        [hits] = store.search("ana", [Dense("window", question)], 10)
        nearest = {names[row] for row in np.argsort(-(vectors @ question))[:10]}
        found += len(nearest & set(keys(hits)))
    assert found / 500 >= 0.98


def test_an_outgrown_index_gives_way_to_a_larger_one(
    server: PostgresServer, store: PostgresStore
) -> None:
    names = [f"k{i}" for i in range(5 * SMALL)]
    store.write("ana", batch(*map(turn, names[: SMALL + 1])))
    store.search("ana", [dense("k7")], 1)
    store.wait()
    small = vector_indexes(server, "fresh")
    store.write("ana", batch(*map(turn, names[SMALL + 1 :])))
    with PostgresStore(store.url, exact_up_to=SMALL) as later:
        assert keys(later.search("ana", [dense("k7")], 1)[0]) == ["k7"]
        later.wait()
        assert keys(later.search("ana", [dense("k7")], 1)[0]) == ["k7"]
    large = vector_indexes(server, "fresh")
    assert [f"_{len(names)}_200 " in index for index in large] == [True, True]
    assert len(large) == len(small)
    assert not set(large) & set(small)


def test_a_server_with_little_memory_makes_fewer_lists(
    server: PostgresServer, store: PostgresStore
) -> None:
    server.run("ALTER DATABASE fresh SET maintenance_work_mem = '1MB'", database="fresh")
    server.drop_connections()
    store.write("ana", batch(*[turn(f"k{i}") for i in range(3 * SMALL)]))
    store.search("ana", [dense("k7")], 1)
    store.wait()
    assert len(vector_indexes(server, "fresh")) == len(SPACE.views)


def test_graphs_of_an_earlier_version_give_way_to_lists(
    server: PostgresServer, store: PostgresStore
) -> None:
    store.write("ana", batch(*[turn(f"k{i}") for i in range(SMALL + 1)]))
    server.run(
        """CREATE INDEX hnsw_1_0_1 ON remem.vectors_1_0 USING hnsw (vector halfvec_ip_ops)
            WHERE namespace = 1 AND live""",
        "DROP TABLE remem.writers",
        "DROP INDEX remem.records_by_successor",
        *WITHOUT_NEW_COLUMNS,
        "UPDATE remem.meta SET value = 1 WHERE name = 'migration'",
        database="fresh",
    )
    with PostgresStore(store.url, exact_up_to=SMALL) as later:
        assert vector_indexes(server, "fresh") == []
        assert keys(later.search("ana", [dense("k7")], 1)[0]) == ["k7"]
        later.wait()
    assert ["USING ivfflat" in index for index in vector_indexes(server, "fresh")] == [True, True]


def test_an_index_that_the_server_goes_on_building_is_not_begun_again(
    server: PostgresServer, store: PostgresStore
) -> None:
    store.write("ana", batch(*[turn(f"k{i}") for i in range(SMALL + 1)]))
    building = """SELECT index_relid FROM pg_stat_progress_create_index
        WHERE phase LIKE 'waiting%' AND index_relid = to_regclass('remem.ivf_1_0_1_501_90')"""
    with psycopg.connect(server.url("fresh")) as older, ThreadPoolExecutor() as threads:
        older.execute("LOCK TABLE remem.vectors_1_0 IN ROW EXCLUSIVE MODE")  # it waits for this
        begun = threads.submit(run_alone, server.url("fresh"), INDEX.format(0, SMALL + 1, 90))
        while not (before := rows(server, building, "fresh")):
            assert not begun.done()
        store.search("ana", [dense("k1")], 1)
        store.wait()
        assert rows(server, building, "fresh") == before
        older.rollback()
        begun.result()
    after = rows(server, "SELECT 'remem.ivf_1_0_1_501_90'::regclass::oid", "fresh")
    assert after == before


def test_an_unfinished_index_is_built_again(server: PostgresServer, store: PostgresStore) -> None:
    store.write("ana", batch(*[turn(f"k{i}") for i in range(SMALL + 1)]))
    server.run(
        "CREATE INDEX ivf_1_0_1_501_90 ON remem.vectors_1_0 (record)",
        """UPDATE pg_index SET indisvalid = false
            WHERE indexrelid = 'remem.ivf_1_0_1_501_90'::regclass""",
        database="fresh",
    )
    store.search("ana", [dense("k7")], 1)
    store.wait()
    assert all("USING ivfflat" in index for index in vector_indexes(server, "fresh"))
    assert len(vector_indexes(server, "fresh")) == 2


def test_indexes_are_there_again_after_a_rebuild_and_a_reindex(
    server: PostgresServer, store: PostgresStore
) -> None:
    store.write("ana", batch(*[turn(f"k{i}") for i in range(SMALL + 1)]))
    store.search("ana", [dense("k7")], 1)
    store.wait()
    before = vector_indexes(server, "fresh")
    store.rebuild()
    assert vector_indexes(server, "fresh") == before
    larger = replace(SPACE, fingerprint="larger", dim=24)

    def encode(texts: Sequence[str]) -> Vector:
        return embed(texts, larger.dim)

    store.reindex(larger, encode)
    assert [index.replace("_2_", "_1_") for index in vector_indexes(server, "fresh")] == before
    [hits] = store.search("ana", [Dense("turn", encode(["k7"])[0])], 1)
    assert keys(hits) == ["k7"]


def test_searches_go_on_while_a_reindex_fills_and_flips(store: PostgresStore) -> None:
    store.write("ana", batch(*[turn(f"k{i}", f"tea {i}") for i in range(300)]))
    larger = replace(SPACE, fingerprint="larger", dim=24)

    def encode(texts: Sequence[str]) -> Vector:
        assert keys(store.search("ana", [dense("tea 7"), words("7")], 1)[0]) == ["k7"]
        store.write("ana", batch(turn(f"late {texts[0]}")))
        return embed(texts, larger.dim)

    done: list[tuple[int, int]] = []
    late = iter(range(3))

    def encode_three(texts: Sequence[str]) -> Vector:
        return encode(texts) if next(late, None) is not None else embed(texts, larger.dim)

    store.reindex(larger, encode_three, lambda *counts: done.append(counts))
    assert store.count("ana") == 303
    assert done[-1][0] == done[-1][1]
    assert store.verify().ok


def test_a_word_that_everybody_uses_costs_few_rows(
    server: PostgresServer, store: PostgresStore
) -> None:
    for i in range(100):
        store.write("ana", batch(turn(f"k{i}", "tea")))
    [[blocks]] = rows(
        server, "SELECT count(*) FROM remem.postings WHERE token = 'tea' AND view = 0", "fresh"
    )
    assert isinstance(blocks, int)
    assert blocks < 40
    store.write("ana", Batch(delete=[f"k{i}" for i in range(0, 100, 2)]))
    assert len(store.search("ana", [words("tea")], 100)[0]) == 50
    assert store.verify().ok


def test_a_word_of_any_length_is_found(store: PostgresStore) -> None:
    long = "ab" * 5_000
    store.write("ana", batch(turn("long", long), turn("longer", long + "c")))
    assert keys(store.search("ana", [words(long)], 5)[0]) == ["long"]
    assert store.idf("ana", "turn", [long]) == store.idf("ana", "turn", [long + "c"])


def test_strings_with_nul_are_filtered_and_ordered(store: PostgresStore) -> None:
    values = ["a", "a\x00", "a\x00\x01", "a\x01", "a\x01\x00", "a\x02", "b"]
    store.write(
        "ana",
        batch(
            *[turn(f"k{i}", "x", speaker=v, metadata={v: v, "n": v}) for i, v in enumerate(values)]
        ),
    )
    assert [record.speaker for record in store.scan("ana")] == values
    for low in values:
        for field in ("speaker", "metadata.n"):
            where = F(field) >= low
            expected = [record.key for record in store.scan("ana") if where.matches(record)]
            assert [record.key for record in store.scan("ana", where)] == expected
        assert store.count("ana", F("speaker") == low) == 1
        assert store.count("ana", F(f"metadata.{low}").exists()) == 1


def test_verify_names_what_is_wrong_and_rebuild_mends_the_index(
    server: PostgresServer, store: PostgresStore
) -> None:
    store.write("ana", batch(turn("a", "tea"), turn("b", "cake")))
    server.run("DELETE FROM remem.postings WHERE token = 'tea'", database="fresh")
    server.run("UPDATE remem.totals SET tokens = tokens + 1", database="fresh")
    problems = store.verify().problems
    assert len(problems) == 2
    assert all("'remem rebuild'" in problem for problem in problems)
    store.rebuild()
    assert store.verify().ok
    server.run(
        "DELETE FROM remem.vectors_1_0",
        """UPDATE remem.records SET facets = '{"x": [1]}' WHERE key = 'b'""",
        "INSERT INTO remem.texts VALUES (1, 999, 0, 1, 'tea')",
        database="fresh",
    )
    problems = store.verify().problems
    assert sum("lacks a vector" in problem for problem in problems) == 2
    assert any("belong to no record" in problem for problem in problems)
    assert any("metadata of record 'b'" in problem for problem in problems)


def test_a_url_opens_it(server: PostgresServer) -> None:
    server.run("DROP DATABASE IF EXISTS fresh", "CREATE DATABASE fresh")
    with open_store(server.url("fresh").replace("postgresql:", "postgres:")) as store:
        store.adopt(SPACE)
        store.write("ana", Batch(add=[entry(turn("k"))]))
        assert store.url.startswith("postgresql://postgres@/fresh")
        with open_store(store.url) as again:
            assert again.count("ana") == 1

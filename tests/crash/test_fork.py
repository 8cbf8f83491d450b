"""A process that has a store open is forked: nothing that was acknowledged is lost, nothing hangs.

Each test forks in a process of its own, so that none inherits what the test's process holds.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable
from pathlib import Path

from remem.store import open_store
from remem.store.conformance.samples import SPACE, batch, dense, turn, words
from remem.store.embedded import EmbeddedStore
from tests.crash.processes import elsewhere, forked
from tests.postgres_server import running


def opened(folder: Path) -> EmbeddedStore:
    store = EmbeddedStore(folder)
    store.adopt(SPACE)
    store.write("ana", batch(turn("first")))
    store.search("ana", [dense("first")], 1)
    return store


def stored(folder: Path) -> list[str]:
    with EmbeddedStore(folder) as store:
        assert store.verify().ok
        return [record.key for record in store.scan("ana")]


def use_what_was_inherited(folder: Path) -> list[str]:
    with opened(folder) as store:
        uses: list[Callable[[], object]] = [
            lambda: store.write("ana", batch(turn("lost"))),
            lambda: store.search("ana", [words("first")], 1),
            lambda: store.get("ana", ["first"]),
            lambda: store.scan("ana"),
            store.verify,
            store.rebuild,
            store.snapshot,
            store.stats,
        ]
        return [forked(use) for use in uses]


def test_an_inherited_store_refuses_every_use(tmp_path: Path) -> None:
    answers = elsewhere(use_what_was_inherited, tmp_path)
    sentence = f"the store {tmp_path} was opened before a fork; open it again in this process"
    assert set(answers) == {f"StoreClosed: {sentence}"}
    assert stored(tmp_path) == ["first"]


def fork_while_a_thread_writes(folder: Path) -> list[str]:
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            store.write("ana", batch(turn(f"k{number}")))
            store.search("ana", [words("first")], 1)
            number += 1

    with opened(folder) as store:
        writer = threading.Thread(target=write)
        writer.start()
        try:
            return [
                forked(use)
                for use in (
                    lambda: store.write("ana", batch(turn("lost"))),
                    lambda: store.search("ana", [words("first")], 1),
                    store.close,
                )
                for _ in range(5)
            ]
        finally:
            stop.set()
            writer.join()


def test_no_fork_hangs_at_a_lock_that_a_thread_of_its_parent_holds(tmp_path: Path) -> None:
    answers = elsewhere(fork_while_a_thread_writes, tmp_path)
    assert {answer.partition(":")[0] for answer in answers} == {"StoreClosed", "None"}
    assert answers[10:] == ["None"] * 5


def close_what_was_inherited(folder: Path) -> str:
    with opened(folder) as store:
        answer = forked(store.close)
        store.write("ana", batch(turn("second")))
    return answer


def test_closing_an_inherited_store_does_nothing(tmp_path: Path) -> None:
    assert elsewhere(close_what_was_inherited, tmp_path) == "None"
    assert stored(tmp_path) == ["first", "second"]


def open_again_and_outlive_the_parent(folder: Path) -> None:
    """A fork opens the store anew, its parent closes its own, and both others and the fork write:
    SQLite must not believe that it still holds the parent's locks."""
    parent_closed, child_may_write = os.pipe()
    child_wrote, parent_may_write = os.pipe()
    store = opened(folder)
    child = os.fork()
    if not child:
        with EmbeddedStore(folder) as mine:
            os.read(parent_closed, 1)
            mine.write("ana", batch(turn("of the fork")))
            os.write(parent_may_write, b"x")
            os.read(parent_closed, 1)
            mine.write("ana", batch(turn("of the fork, later")))
        os._exit(0)
    store.close()
    os.write(child_may_write, b"x")
    os.read(child_wrote, 1)
    elsewhere(write, folder, "of another")
    os.write(child_may_write, b"x")
    os.waitpid(child, 0)


def write(folder: Path, key: str) -> None:
    with EmbeddedStore(folder) as store:
        store.write("ana", batch(turn(key)))


def test_a_store_that_a_fork_opens_again_loses_nothing(tmp_path: Path) -> None:
    elsewhere(open_again_and_outlive_the_parent, tmp_path)
    keys = ["first", "of another", "of the fork", "of the fork, later"]
    assert sorted(stored(tmp_path)) == keys


def fork_while_it_is_read(folder: Path) -> str:
    with opened(folder) as store, store._database.reading():
        return forked(lambda: EmbeddedStore(folder))


def test_a_fork_cannot_open_what_was_in_use_when_it_was_made(tmp_path: Path) -> None:
    answer = elsewhere(fork_while_it_is_read, tmp_path)
    assert answer.startswith(f"StoreClosed: the store {tmp_path} was in use")
    assert "spawn" in answer


def leave_a_transaction(folder: Path) -> None:
    with opened(folder) as store:
        try:
            with store._database.writing() as connection:
                connection.execute("INSERT INTO namespaces (name) VALUES ('made')")
                child = os.fork()
                if not child:
                    raise KeyboardInterrupt
                os.waitpid(child, 0)
        except KeyboardInterrupt:
            del connection
            gc.collect()
            os._exit(0)
        store.write("made", batch(turn("second")))


def test_a_fork_that_leaves_a_transaction_does_not_end_that_of_its_parent(tmp_path: Path) -> None:
    elsewhere(leave_a_transaction, tmp_path)
    with EmbeddedStore(tmp_path) as store:
        assert store.count("made") == 1


def use_and_close_a_server_s_in_a_fork(url: str) -> list[str]:
    with open_store(url) as store:
        store.adopt(SPACE)
        store.write("ana", batch(turn("first")))
        answers = [
            forked(lambda: store.write("ana", batch(turn("lost")))),
            forked(lambda: store.search("ana", [words("first")], 1)),
            forked(store.close),
        ]
        store.write("ana", batch(turn("second")))
        assert [record.key for record in store.scan("ana")] == ["first", "second"]
        return answers


def assert_left_alone(url: str) -> None:
    *uses, closed = elsewhere(use_and_close_a_server_s_in_a_fork, url)
    assert all("was opened before a fork" in answer for answer in uses)
    assert closed == "None"


def test_a_connection_to_postgresql_is_neither_used_nor_closed_by_a_fork() -> None:
    with running(fsync="off") as server:
        assert_left_alone(server.url())


def test_a_connection_to_milvus_is_neither_used_nor_closed_by_a_fork(tmp_path: Path) -> None:
    assert_left_alone(str(tmp_path / "memories.db"))

"""Two processes change the same memories: whoever is slower reads again what the other wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from remem import F, Memory, Record
from remem.store import Batch, Written
from remem.testing import HashEncoder


def opened(folder: Path) -> Memory:
    return Memory(folder, encoder=HashEncoder())


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Memory]:
    with opened(tmp_path / "store") as memory:
        memory.add("tea", key="k")
        yield memory


@pytest.fixture
def theirs(mine: Memory) -> Iterator[Memory]:
    with opened(Path(mine.url)) as memory:
        yield memory


@pytest.fixture
def before_i_write(mine: Memory, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let something happen after the first plan was made, and before it is written."""

    def arrange(act: Callable[[], object]) -> None:
        store = mine._writer.store
        pending = [act]

        def late(write: Callable[[str, Batch], Written], namespace: str, batch: Batch) -> Written:
            if pending:
                pending.pop()()
            return write(namespace, batch)

        for name in ("write", "purge"):
            monkeypatch.setattr(store, name, partial(late, getattr(store, name)))

    return arrange


def current(memory: Memory) -> list[str]:
    return [record.text for record in memory.scan() if record.superseded_by is None]


def test_of_two_updates_one_is_the_version_after_the_other(
    mine: Memory, theirs: Memory, before_i_write: Callable[..., None]
) -> None:
    before_i_write(lambda: theirs.update("k", "coffee"))
    mine.update("k", "cocoa")
    assert [record.text for record in mine.history("k")] == ["tea", "coffee", "cocoa"]
    assert current(mine) == ["cocoa"]


def test_a_version_that_another_writer_adds_is_forgotten_too(
    mine: Memory, theirs: Memory, before_i_write: Callable[..., None]
) -> None:
    before_i_write(lambda: theirs.update("k", "tea with milk"))
    assert mine.forget(F("key") == "k") == 2
    assert mine.count() == 0


def test_a_version_that_another_writer_adds_is_deleted_too(
    mine: Memory, theirs: Memory, before_i_write: Callable[..., None]
) -> None:
    before_i_write(lambda: theirs.update("k", "tea with milk"))
    assert mine.delete("k") == 2
    assert mine.count() == 0


def test_what_is_put_takes_the_place_of_what_another_writer_just_added(
    mine: Memory, theirs: Memory, before_i_write: Callable[..., None]
) -> None:
    before_i_write(lambda: theirs.add("theirs", key="new"))
    mine.put_records([Record("new", "s", 0, "mine")])
    record = mine.get("new")
    assert record is not None
    assert record.text == "mine"


def test_an_edition_does_not_bring_back_what_another_writer_just_changed(
    mine: Memory, theirs: Memory, before_i_write: Callable[..., None]
) -> None:
    salt, tea = "# Salt\n\nAbout salt.\n", "# Tea\n\nAbout tea.\n"
    [key] = mine.add_document(tea, source="kitchen").added
    before_i_write(lambda: theirs.update(key, "About coffee."))
    mine.add_document(salt + tea, source="kitchen")
    assert current(mine) == [salt.strip(), tea.strip(), "tea"]
    assert [record.text for record in mine.history(key)][:2] == [tea.strip(), "About coffee."]


def test_many_updates_at_once_all_happen(mine: Memory, theirs: Memory) -> None:
    with ThreadPoolExecutor(2) as threads:
        done = [
            threads.submit(memory.update, "k", f"{name} {number}")
            for number in range(20)
            for name, memory in (("mine", mine), ("theirs", theirs))
        ]
        assert len({future.result().key for future in done}) == 40
    assert len(mine.history("k")) == 41
    assert len(current(mine)) == 1


def test_an_addition_goes_on_when_the_store_is_encoded_anew_meanwhile(
    mine: Memory, before_i_write: Callable[..., None]
) -> None:
    before_i_write(lambda: mine.reindex(HashEncoder(32)))
    mine.add("figs")
    assert mine.search("figs")[0].record.text == "figs"

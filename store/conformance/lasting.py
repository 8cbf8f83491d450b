"""The contract of what outlives a call: durability, isolation, re-encoding, checks, threads."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from remem.store.conformance.samples import (
    SPACE,
    Contract,
    Reopen,
    batch,
    dense,
    embed,
    entry,
    keys,
    turn,
    views,
    words,
)
from remem.store.errors import DimensionMismatch, EncoderMismatch, InvalidInput
from remem.store.store import Store
from remem.store.types import Batch, Dense, Space, Vector, View

LEGS = [dense("tea"), words("tea"), dense("tea", "window"), words("around", "window")]
LARGER = Space("another encoder", 24, SPACE.views)


def _embed_larger(texts: Sequence[str]) -> Vector:
    return embed(texts, LARGER.dim)


class DurabilityContract(Contract):
    """Acknowledged writes are there when the store is opened again."""

    def test_everything_is_there_again(self, adopted: Store, reopen: Reopen) -> None:
        """Records, views, history, namespaces, the space and the results of searches remain."""
        adopted.write("ana", batch(*[turn(f"k{i}", f"tea {i}") for i in range(20)]))
        adopted.write("bob", batch(turn("k0", "coffee")))
        adopted.write(
            "ana",
            Batch(delete=["k3"], supersede={"k4": "k5"}, refresh={"k6": views("quinces")}),
        )
        before = (
            list(adopted.scan("ana")),
            adopted.search("ana", LEGS, 50),
            adopted.search("bob", LEGS, 50),
            adopted.namespaces(),
            adopted.space,
        )
        again = reopen()
        assert before == (
            list(again.scan("ana")),
            again.search("ana", LEGS, 50),
            again.search("bob", LEGS, 50),
            again.namespaces(),
            again.space,
        )
        assert again.verify().ok

    def test_writes_go_on_after_opening_again(self, adopted: Store, reopen: Reopen) -> None:
        """Deletes and adds after opening again meet what was there before."""
        adopted.write("ana", batch(turn("a", "tea"), turn("b", "tea"), turn("c", "tea")))
        again = reopen()
        again.write("ana", Batch(add=[entry(turn("d", "tea"))], delete=["b"]))
        expected = [["a", "c", "d"]] * 4
        assert [keys(hits) for hits in again.search("ana", LEGS, 9)] == expected
        assert [keys(hits) for hits in reopen().search("ana", LEGS, 9)] == expected

    def test_an_empty_store_opens_again(self, store: Store, reopen: Reopen) -> None:
        """A store that holds nothing yet keeps its space."""
        store.adopt(SPACE)
        assert reopen().space == SPACE


class IsolationContract(Contract):
    """One namespace never sees another."""

    def test_namespaces_share_nothing(self, adopted: Store) -> None:
        """The same keys and sources in two namespaces are different records."""
        adopted.write("ana", batch(turn("k", "tea", speaker="Ana")))
        adopted.write("bob", batch(turn("k", "tea", speaker="Bob"), turn("other", "tea")))
        for namespace, speaker, count in (("ana", "Ana", 1), ("bob", "Bob", 2)):
            record = adopted.get(namespace, ["k"])[0]
            assert record is not None
            assert record.speaker == speaker
            assert adopted.count(namespace) == count
            assert len(adopted.neighbors(namespace, "session", 0, 0, 9)) == count
            assert [info.records for info in adopted.sources(namespace)] == [count]
            for hits in adopted.search(namespace, LEGS, 9):
                assert len(hits) == count
                assert hits[0].record.speaker == speaker

    @pytest.mark.parametrize("method", ["write", "purge"])
    def test_changes_stay_in_their_namespace(self, adopted: Store, method: str) -> None:
        """Deleting, superseding and refreshing in one namespace leaves all others as they were."""
        for namespace in ("ana", "bob", "an"):
            adopted.write(namespace, batch(turn("a", "tea"), turn("b", "tea"), turn("c", "tea")))
        others = [(list(adopted.scan(n)), adopted.search(n, LEGS, 9)) for n in ("bob", "an")]
        getattr(adopted, method)(
            "ana", Batch(delete=["a"], supersede={"b": "c"}, refresh={"c": views("quinces")})
        )
        assert others == [
            (list(adopted.scan(n)), adopted.search(n, LEGS, 9)) for n in ("bob", "an")
        ]

    def test_an_unknown_namespace_is_empty(self, adopted: Store) -> None:
        """Asking a namespace that does not exist finds nothing, is no error and creates none."""
        adopted.write("ana", batch(turn("k", "tea")))
        assert adopted.search("nobody", LEGS, 9) == [[]] * 4
        assert adopted.get("nobody", ["k"]) == [None]
        assert adopted.entries("nobody", ["k"]) == []
        assert list(adopted.scan("nobody")) == []
        assert adopted.count("nobody") == 0
        assert adopted.sources("nobody") == []
        assert adopted.neighbors("nobody", "session", 0, 0, 9) == []
        assert adopted.namespaces() == ["ana"]

    @pytest.mark.parametrize(
        "namespace", ["../up", "a/b", "CON", "x" * 1024, "名前", "a'b\"c", "%"]
    )
    def test_any_name_will_do(self, adopted: Store, reopen: Reopen, namespace: str) -> None:
        """A namespace may have any printable name, whatever files it is kept in."""
        adopted.write(namespace, batch(turn("k", "tea")))
        assert [keys(hits) for hits in reopen().search(namespace, LEGS, 9)] == [["k"]] * 4

    def test_the_name_of_the_encoder_is_there_again(self, store: Store, reopen: Reopen) -> None:
        """It comes with the space, and does not make it another one."""
        named = replace(SPACE, encoder="someone/a model")
        store.adopt(named)
        store.adopt(SPACE)
        for each in (store, reopen()):
            assert each.space == SPACE
            assert each.space is not None
            assert each.space.encoder == named.encoder


class ReindexContract(Contract):
    """Another encoder takes over, all at once."""

    def test_every_record_is_encoded_again(self, adopted: Store, reopen: Reopen) -> None:
        """All namespaces, superseded records included, get vectors of the new encoder; the records
        and the full text stay."""
        adopted.write("ana", batch(turn("a", "tea"), turn("b", "coffee"), turn("old", "x")))
        adopted.write("ana", Batch(supersede={"old": "a"}))
        adopted.write("bob", batch(turn("a", "water")))
        before = list(adopted.scan("ana"))
        by_word = adopted.search("ana", [words("tea")], 5)
        calls: list[tuple[int, int]] = []
        adopted.reindex(LARGER, _embed_larger, lambda done, total: calls.append((done, total)))
        assert calls[-1] == (4, 4)
        question = Dense("turn", _embed_larger(["coffee"])[0])
        [found] = adopted.search("ana", [question], 1)
        assert keys(found) == ["b"]
        assert found[0].score == pytest.approx(1, abs=1e-3)
        again = reopen()
        assert again.space == LARGER
        assert again.search("ana", [question], 1) == [found]
        assert again.search("ana", [words("tea")], 5) == by_word
        assert again.entries("ana", ["old"])[0].views["turn"].vector.shape == (24,)
        assert list(again.scan("ana")) == before
        assert again.verify().ok

    def test_the_texts_of_a_record_come_together(self, adopted: Store) -> None:
        """They are given record by record, in the order of the views, so that what is encoded may
        depend on the view."""
        adopted.write("ana", batch(*[turn(f"k{i}", f"tea {i}") for i in range(200)]))
        given: list[str] = []

        def listen(texts: Sequence[str]) -> Vector:
            given.extend(texts)
            return embed(texts)

        adopted.reindex(SPACE, listen)
        assert [f"{text}\naround" for text in given[::2]] == given[1::2]
        assert sorted(given[::2]) == sorted(f"tea {i}" for i in range(200))

    def test_interrupted_it_goes_on_later(self, adopted: Store, reopen: Reopen) -> None:
        """A reindex whose encoder fails leaves the store with its old vectors; tried again, it also
        encodes the records that were written since."""
        adopted.write("ana", batch(*[turn(f"k{i}", f"tea {i}") for i in range(3000)]))

        def fail(texts: Sequence[str]) -> Vector:
            if any("tea 2900" in text for text in texts):
                raise RuntimeError("the machine went to sleep")
            return _embed_larger(texts)

        with pytest.raises(RuntimeError, match="sleep"):
            adopted.reindex(LARGER, fail)
        assert adopted.space == SPACE
        assert keys(adopted.search("ana", [dense("tea 7")], 1)[0]) == ["k7"]
        adopted.write("ana", Batch(add=[entry(turn("late", "cake"))], delete=["k1"]))
        again = reopen()
        assert keys(again.search("ana", [dense("cake")], 1)[0]) == ["late"]
        again.reindex(LARGER, _embed_larger)
        for text, key in (("tea 7", "k7"), ("tea 2999", "k2999"), ("cake", "late")):
            [hits] = again.search("ana", [Dense("turn", _embed_larger([text])[0])], 1)
            assert keys(hits) == [key]
        assert again.verify().ok

    def test_a_wrong_encoder_changes_nothing(self, adopted: Store) -> None:
        """An encoder that returns another shape than announced, or other views, is refused."""
        adopted.write("ana", batch(turn("a", "tea")))
        with pytest.raises(DimensionMismatch):
            adopted.reindex(LARGER, lambda texts: embed(texts, 7))
        with pytest.raises(InvalidInput, match="view"):
            adopted.reindex(replace(LARGER, views=("turn",)), _embed_larger)
        assert adopted.space == SPACE
        assert keys(adopted.search("ana", [dense("tea")], 1)[0]) == ["a"]

    def test_the_new_space_is_the_only_one(self, adopted: Store) -> None:
        """After it, vectors and questions of the old encoder are refused."""
        adopted.write("ana", batch(turn("a", "tea")))
        adopted.reindex(LARGER, _embed_larger)
        with pytest.raises(DimensionMismatch):
            adopted.write("ana", batch(turn("b")))
        with pytest.raises(DimensionMismatch):
            adopted.search("ana", [dense("tea")], 1)
        with pytest.raises(EncoderMismatch):
            adopted.adopt(SPACE)
        asked = Dense("turn", _embed_larger(["tea"])[0], replace(LARGER, fingerprint="another"))
        with pytest.raises(EncoderMismatch):
            adopted.search("ana", [asked], 1)
        made = {name: View("b", _embed_larger(["b"])[0]) for name in SPACE.views}
        adopted.write("ana", Batch(add=[replace(entry(turn("b")), views=made)]))
        assert len(adopted.search("ana", [Dense("turn", made["turn"].vector)], 5)[0]) == 2


class VerifyContract(Contract):
    """A store can be checked, and derived indexes can be made again."""

    def test_a_sound_store_verifies(self, adopted: Store) -> None:
        """``verify`` counts the records of all namespaces and finds nothing wrong."""
        assert adopted.verify().ok
        adopted.write("ana", batch(turn("a"), turn("b"), turn("c")))
        adopted.write("bob", batch(turn("a")))
        adopted.write("ana", Batch(delete=["a"], supersede={"b": "c"}))
        verification = adopted.verify()
        assert verification.problems == ()
        assert verification.records == 3

    def test_rebuilding_changes_no_result(self, adopted: Store) -> None:
        """``rebuild`` makes the derived indexes again from the records."""
        adopted.write("ana", batch(*[turn(f"k{i}", f"tea {i}") for i in range(50)]))
        adopted.write("ana", Batch(delete=["k1"], refresh={"k2": views("quinces")}))
        before = adopted.search("ana", LEGS, 99)
        adopted.rebuild()
        assert adopted.search("ana", LEGS, 99) == before
        assert adopted.verify().ok

    def test_stats_count(self, adopted: Store) -> None:
        """``stats`` counts the records of each namespace and says what the store is."""
        adopted.write("ana", batch(turn("a"), turn("b")))
        adopted.write("bob", Batch(add=[entry(turn("a"))], supersede={"a": "b"}))
        stats = adopted.stats()
        assert stats.records == {"ana": 2, "bob": 1}
        assert (stats.url, stats.space) == (adopted.url, SPACE)
        assert stats.bytes_on_disk + stats.bytes_in_memory > 0


class ConcurrencyContract(Contract):
    """A store is shared by threads."""

    def test_threads_lose_nothing(self, adopted: Store) -> None:
        """Threads that write and search at once each see their own writes; none is lost."""

        def work(name: int) -> None:
            for i in range(15):
                text = f"t{name}x{i}"
                adopted.write("ana", batch(turn(text), turn(f"{text} extra")))
                legs = [dense(text), words(text)]
                nearest, by_word = adopted.search("ana", legs, 2)
                assert keys(nearest)[0] == text
                assert keys(by_word) == [text, f"{text} extra"]
                if i % 5 == 4:
                    adopted.write("ana", Batch(delete=[text]))
                    assert keys(adopted.search("ana", legs[1:], 2)[0]) == [f"{text} extra"]

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(work, range(4)))
        assert adopted.count("ana") == 4 * (30 - 3)
        assert len(adopted.search("ana", [dense("anything")], 1000)[0]) == 4 * (30 - 3)
        assert adopted.verify().ok

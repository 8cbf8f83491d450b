"""The contract of batches that say what they were planned on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from store.base import Store
from store.conformance.base import Contract
from store.conformance.samples import SPACE, batch, embed, entry, turn
from store.errors import EncoderMismatch, InvalidInput, Stale
from store.types import Batch, Neighborhood, Record

__all__ = ["ExpectedRecordsContract", "PlannedContract"]

METADATA = {"list": [1, {"a": None}], "number": 0.1}


def _around(store: Store, first: int, last: int, radius: int) -> Neighborhood:
    """What stands around some positions now."""
    found = store.neighbors("ana", "session", first, last, radius)
    return Neighborhood("session", first, last, radius, tuple(found))


def planned(store: Store, *keys: str) -> dict[str, Record | None]:
    """What a batch expects that was planned on these keys."""
    return dict(zip(keys, store.get("ana", keys), strict=True))


class PlannedContract(Contract):
    """A batch that says what it was planned on is written only if that still holds."""

    def test_a_neighbourhood_that_is_unchanged_is_accepted(self, adopted: Store) -> None:
        """What ``neighbors`` returned can be expected."""
        adopted.write("ana", batch(*[turn(f"k{i}", position=i) for i in range(5)]))
        around = _around(adopted, 2, 2, 1)
        adopted.write("ana", Batch(delete=["k2"], expects=[around]))
        assert adopted.get("ana", ["k2"]) == [None]

    def test_a_neighbourhood_that_changed_is_stale(self, adopted: Store) -> None:
        """Another record came into it, or one left it: nothing of the batch is written."""
        adopted.write("ana", batch(turn("k0"), turn("k1", position=1)))
        around = _around(adopted, 0, 1, 4)
        adopted.write("ana", batch(turn("k2", position=2)))
        with pytest.raises(Stale):
            adopted.write("ana", Batch(delete=["k0"], expects=[around]))
        with pytest.raises(Stale):
            adopted.purge("ana", Batch(delete=["k0"], expects=[around]))
        assert adopted.count("ana") == 3

    def test_a_key_that_stands_for_other_words_is_stale(self, adopted: Store) -> None:
        """A record in the place of another of its name is not what was planned on."""
        adopted.write("ana", batch(turn("k0"), turn("k1", "old words", position=1)))
        around = _around(adopted, 0, 0, 4)
        adopted.write("ana", Batch(add=[entry(turn("k1", "others", position=1))], delete=["k1"]))
        with pytest.raises(Stale):
            adopted.write("ana", Batch(delete=["k0"], expects=[around]))

    def test_vectors_of_another_space_are_refused(self, adopted: Store) -> None:
        """A batch that was encoded before the store was re-encoded cannot be written after it."""
        planned = Batch(add=[entry(turn("k"))], space=SPACE)
        adopted.reindex(replace(SPACE, fingerprint="another"), embed)
        with pytest.raises(EncoderMismatch):
            adopted.write("ana", planned)
        assert adopted.count("ana") == 0


class ExpectedRecordsContract(Contract):
    """Such a batch is written only if all of them are still what they were."""

    def test_records_that_are_unchanged_are_accepted(self, adopted: Store) -> None:
        """What ``get`` returned can be expected, and so can a key that nobody has."""
        adopted.write("ana", batch(turn("a", metadata=METADATA), turn("b", superseded_by="a")))
        expected = planned(adopted, "a", "b", "new")
        change = Batch(
            add=[entry(turn("new"))],
            supersede={"a": "new"},
            delete=["b"],
            expects_records=expected,
        )
        assert adopted.write("ana", change).added == ("new",)

    @pytest.mark.parametrize(
        "change",
        [
            Batch(supersede={"a": "b"}),
            Batch(delete=["a"]),
            Batch(delete=["a"], add=[entry(turn("a", "other"))]),
            Batch(delete=["a"], add=[entry(turn("a", metadata={"x": 1}))]),
            Batch(add=[entry(turn("new"))]),
        ],
        ids=["superseded", "deleted", "put anew", "relabelled", "new"],
    )
    @pytest.mark.parametrize("method", ["write", "purge"])
    def test_a_record_that_changed_is_stale(
        self, adopted: Store, change: Batch, method: str
    ) -> None:
        """It gave way to another, went, came or has another field: nothing is written."""
        adopted.write("ana", batch(turn("a"), turn("b")))
        expected = planned(adopted, "a", "b", "new")
        adopted.write("ana", change)
        before = list(adopted.scan("ana"))
        stale = Batch(add=[entry(turn("more"))], delete=["b"], expects_records=expected)
        with pytest.raises(Stale, match="plan the batch again"):
            getattr(adopted, method)("ana", stale)
        assert list(adopted.scan("ana")) == before

    def test_a_key_that_was_taken_meanwhile_is_stale(self, adopted: Store) -> None:
        """Not a conflict: whoever expected it to be free can plan with another one."""
        expected = planned(adopted, "k")
        adopted.write("ana", batch(turn("k", "theirs")))
        mine = replace(batch(turn("k", "mine")), expects_records=expected)
        with pytest.raises(Stale):
            adopted.write("ana", mine)
        assert [record.text for record in adopted.scan("ana")] == ["theirs"]

    def test_records_are_expected_where_nothing_is_stored(self, adopted: Store) -> None:
        """A namespace without records has none of those that a batch was planned on."""
        adopted.write("bob", batch(turn("k")))
        [theirs] = adopted.get("bob", ["k"])
        with pytest.raises(Stale):
            adopted.write("ana", Batch(expects_records={"k": theirs}))
        adopted.write("ana", Batch(expects_records={"k": None}))

    def test_expected_keys_are_strings(self, adopted: Store) -> None:
        """What cannot be a key cannot be expected."""
        with pytest.raises(InvalidInput):
            adopted.write("ana", Batch(expects_records={"\ud800": None}))

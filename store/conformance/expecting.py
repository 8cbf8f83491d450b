"""The contract of batches that say which records they were planned on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from store.base import Store
from store.conformance.base import Contract
from store.conformance.samples import batch, entry, turn
from store.errors import InvalidInput, Stale
from store.types import Batch, Record

__all__ = ["ExpectedRecordsContract"]

METADATA = {"list": [1, {"a": None}], "number": 0.1}


def planned(store: Store, *keys: str) -> dict[str, Record | None]:
    """What a batch expects that was planned on these keys."""
    return dict(zip(keys, store.get("ana", keys), strict=True))


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

"""The contract of ``write``, ``get`` and ``entries``."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from remem.store.conformance.samples import (
    SPACE,
    Contract,
    batch,
    dense,
    direction,
    embed,
    entry,
    keys,
    turn,
    views,
    words,
)
from remem.store.errors import Conflict, EncoderMismatch, InvalidInput, Stale
from remem.store.filters import F
from remem.store.rows import as_stored
from remem.store.store import Store
from remem.store.types import Batch, Entry, Neighborhood, Record, View, Written

TEXTS = {
    "emoji": "family 👩‍👩‍👧‍👦, flag 🇮🇸, thumbs 👍🏽",
    "combining": "e\u0301 is not é, and n\u0303 is not ñ",
    "right to left": "שלום \u202bعالم\u202c mixed",
    "line ends": "one\r\ntwo\rthree\n\n\tfour\u2028five",
    "controls": "nul \x00 bell \x07 escape \x1b[31m del \x7f",
    "white space around": "  \n padded \t ",
    "quotes": 'it\'s "quoted" \\ `; DROP TABLE records; -- %_*?[]',
    "no words": "…!?",
    "byte order mark": "\ufeffmarked",
    "beyond the basic plane": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠮷野家",
}

TIMES = {
    "UTC": datetime(2024, 5, 1, 12, 30, 15, 123456, timezone.utc),
    "half an hour": datetime(2024, 5, 1, 0, 5, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    "west": datetime(2024, 12, 31, 23, 59, 59, 999999, timezone(-timedelta(hours=9, minutes=30))),
    "offset with seconds": datetime(1890, 1, 1, tzinfo=timezone(timedelta(minutes=53, seconds=28))),
    "before 1970": datetime(1969, 12, 31, 23, 59, 59, 1, timezone.utc),
    "the first": datetime(1, 1, 1, tzinfo=timezone.utc),
    "the last": datetime(9999, 12, 31, 23, 59, 59, 999999, timezone.utc),
}

METADATA = {
    "text": "naïve 北京",
    "empty": "",
    "int": 42,
    "float": 0.1,
    "whole float": 3.0,
    "true": True,
    "null": None,
    "large": 2**70,
    "list": [1, "1", None, False, [2, {"deep": []}]],
    "object": {"a.b": {"c": [1.5]}, "": "no name"},
}


class VerbatimContract(Contract):
    """Records come out as they went in."""

    @pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
    def test_text_is_kept_word_for_word(self, adopted: Store, text: str) -> None:
        """Any text that is valid Unicode comes back character by character."""
        adopted.write("ana", batch(turn("k", text)))
        found = [
            adopted.get("ana", ["k"])[0],
            adopted.entries("ana", ["k"])[0].record,
            next(iter(adopted.scan("ana"))),
            adopted.search("ana", [dense(text)], 1)[0][0].record,
        ]
        assert [record and record.text for record in found] == [text] * 4

    def test_a_message_of_ten_megabytes_is_kept(self, adopted: Store) -> None:
        """Length alone is no reason to refuse a text."""
        text = "ten megabytes of words " * 450_000
        adopted.write("ana", batch(turn("long", text)))
        record = adopted.get("ana", ["long"])[0]
        assert record is not None
        assert record.text == text
        assert keys(adopted.search("ana", [words("megabyte")], 5)[0]) == ["long"]

    def test_all_fields_are_kept(self, adopted: Store) -> None:
        """Every field of a record, also those that a store would set, comes back as given."""
        time = TIMES["UTC"]
        record = turn(
            "k",
            "hello",
            source="a / b",
            position=-7,
            kind="letter",
            role="user",
            speaker="Zoë",
            said_at=time,
            stored_at=time + timedelta(days=1),
            expires_at=time + timedelta(days=2),
            metadata={"topic": "travel"},
            superseded_by="other",
            valid_to=time + timedelta(days=3),
            origin="web",
        )
        adopted.write("ana", batch(record))
        assert adopted.get("ana", ["k"]) == [record]
        assert list(adopted.scan("ana")) == [record]

    def test_an_origin_that_nobody_tells_is_given_by_kind_and_role(self, adopted: Store) -> None:
        """A record without an origin has the one of the rule, or none where that does not know."""
        adopted.write("ana", batch(turn("said", role="assistant"), turn("steered", role="system")))
        assert [record.origin for record in adopted.scan("ana")] == ["assistant", None]
        assert adopted.count("ana", F("origin") == "assistant") == 1
        assert adopted.count("ana", F("origin").exists()) == 1

    def test_an_origin_outlives_a_refresh_and_a_successor(self, adopted: Store) -> None:
        """Neither new views nor a newer version change where an older one comes from."""
        adopted.write("ana", batch(turn("k", "hello", origin="web"), turn("new")))
        adopted.write("ana", Batch(refresh={"k": views("hello")}, supersede={"k": "new"}))
        assert [record.key for record in adopted.scan("ana", F("origin") == "web")] == ["k"]

    @pytest.mark.parametrize("time", TIMES.values(), ids=TIMES)
    def test_times_are_kept(self, adopted: Store, time: datetime) -> None:
        """Times come back to the microsecond, and ``said_at`` with the UTC offset it had."""
        adopted.write("ana", batch(turn("k", said_at=time, expires_at=time)))
        record = adopted.get("ana", ["k"])[0]
        assert record is not None
        assert (record.said_at, record.expires_at) == (time, time)
        assert record.said_at is not None
        assert record.said_at.utcoffset() == time.utcoffset()

    def test_metadata_is_kept(self, adopted: Store) -> None:
        """JSON metadata comes back with the same values of the same types."""
        adopted.write("ana", batch(turn("k", metadata=METADATA)))
        record = adopted.get("ana", ["k"])[0]
        assert record is not None
        assert repr(record.metadata) == repr(METADATA)

    @pytest.mark.parametrize("position", [-(2**63), -1, 0, 2**63 - 1])
    def test_positions_are_64_bits(self, adopted: Store, position: int) -> None:
        """A position may be any signed 64-bit integer."""
        adopted.write("ana", batch(turn("k", position=position)))
        assert [record.position for record in adopted.scan("ana")] == [position]

    def test_views_are_kept(self, adopted: Store) -> None:
        """``entries`` gives back view texts and the direction of vectors, to half precision."""
        adopted.write("ana", batch(turn("k", "hello")))
        [kept] = adopted.entries("ana", ["k"])
        for name, view in views("hello").items():
            unit = view.vector / np.linalg.norm(view.vector)
            assert kept.views[name].text == view.text
            assert kept.views[name].vector.dtype == np.float32
            np.testing.assert_allclose(kept.views[name].vector, unit, atol=1e-3)

    @pytest.mark.parametrize("method", ["add", "refresh"])
    def test_views_are_told_apart_by_name(self, adopted: Store, method: str) -> None:
        """The order in which views are given, here the reverse of the space's, means nothing."""
        given = {"window": View("quinces", direction(1)), "turn": View("apples", direction(0, 1))}
        if method == "refresh":
            adopted.write("ana", batch(turn("k")))
            adopted.write("ana", Batch(refresh={"k": given}))
        else:
            adopted.write("ana", Batch(add=[Entry(turn("k"), given)]))
        [kept] = adopted.entries("ana", ["k"])
        for name, view in given.items():
            assert kept.views[name].text == view.text
            np.testing.assert_allclose(kept.views[name].vector, view.vector, atol=1e-3)
        assert keys(adopted.search("ana", [words("quinces", "window")], 1)[0]) == ["k"]
        assert adopted.search("ana", [words("quinces", "turn")], 1) == [[]]

    def test_the_store_owns_what_it_holds(self, adopted: Store) -> None:
        """Changing metadata or a vector after it was passed in or handed out changes nothing."""
        mine = {"tags": ["a"]}
        vector = direction(1)
        adopted.write("ana", Batch(add=[entry(turn("k", metadata=mine), vector)]))
        mine["tags"].append("b")
        vector[:] = 7
        theirs = adopted.get("ana", ["k"])[0]
        assert theirs is not None
        theirs.metadata["tags"].append("c")
        again = adopted.get("ana", ["k"])[0]
        assert again is not None
        assert again.metadata == {"tags": ["a"]}
        np.testing.assert_allclose(
            adopted.entries("ana", ["k"])[0].views["turn"].vector, direction(1)
        )

    def test_the_store_says_when_it_stored(self, adopted: Store) -> None:
        """``stored_at`` is set, with a time zone, when the record brings none along."""
        adopted.write("ana", batch(turn("k")))
        record = adopted.get("ana", ["k"])[0]
        assert record is not None
        assert record.stored_at is not None
        assert record.stored_at.utcoffset() == timedelta(0)


class WriteContract(Contract):
    """A batch is one transaction: delete, then add, then refresh, then supersede."""

    def test_written_says_what_changed(self, adopted: Store) -> None:
        """``Written`` names the added, unchanged and deleted keys in the order of the batch."""
        adopted.write("ana", batch(turn("b"), turn("d"), turn("x"), turn("y")))
        written = adopted.write(
            "ana",
            Batch(
                add=[entry(turn(key)) for key in ("e", "d", "a", "b")],
                delete=["y", "unknown", "x", "y"],
            ),
        )
        assert written == Written(added=("e", "a"), unchanged=("d", "b"), deleted=("y", "x"))

    def test_written_says_when(self, adopted: Store) -> None:
        """With the time of a write, what it added is known as the store gives it back."""
        record = turn("k", "hello", said_at=TIMES["half an hour"], metadata={"nested": {"a": [1]}})
        written = adopted.write("ana", batch(record))
        assert written.at is not None
        assert adopted.get("ana", ["k"]) == [as_stored(record, written.at)]

    def test_an_empty_batch_changes_nothing(self, adopted: Store) -> None:
        """Writing nothing is allowed."""
        assert adopted.write("ana", Batch()) == Written()
        assert adopted.namespaces() == []

    def test_the_same_record_twice_is_one(self, adopted: Store) -> None:
        """A key that is stored with the same text stays as it is, views and fields included."""
        adopted.write("ana", batch(turn("k", "hello", speaker="Ana")))
        again = Batch(add=[entry(turn("k", "hello", speaker="Bob"), direction(1))])
        before = adopted.entries("ana", ["k"])
        assert adopted.write("ana", again) == Written(unchanged=("k",))
        [kept] = adopted.entries("ana", ["k"])
        assert kept.record == before[0].record
        np.testing.assert_array_equal(kept.views["turn"].vector, before[0].views["turn"].vector)
        assert adopted.count("ana") == 1

    def test_a_taken_key_is_a_conflict(self, adopted: Store) -> None:
        """A key stored with another text raises ``Conflict`` with the keys; nothing is written."""
        adopted.write("ana", batch(turn("a", "old"), turn("b", "old"), turn("c", "old")))
        with pytest.raises(Conflict) as conflict:
            adopted.write("ana", batch(turn("n"), turn("b", "new"), turn("a", "old"), turn("c")))
        assert conflict.value.keys == ("b", "c")
        assert [record.text for record in adopted.scan("ana")] == ["old"] * 3

    def test_a_key_twice_in_a_batch_is_one(self, adopted: Store) -> None:
        """Entries with one key and one text are one record, the first."""
        written = adopted.write("ana", batch(turn("k", speaker="Ana"), turn("k", speaker="Bob")))
        assert written == Written(added=("k",))
        assert [record.speaker for record in adopted.scan("ana")] == ["Ana"]

    def test_a_key_twice_with_two_texts_is_a_conflict(self, adopted: Store) -> None:
        """Entries with one key and two texts raise ``Conflict``."""
        with pytest.raises(Conflict) as conflict:
            adopted.write("ana", batch(turn("k", "one"), turn("k", "two")))
        assert conflict.value.keys == ("k",)
        assert adopted.count("ana") == 0

    def test_delete_comes_before_add(self, adopted: Store) -> None:
        """One batch can replace a record by another text under the same key."""
        adopted.write("ana", batch(turn("k", "apples")))
        written = adopted.write("ana", Batch(add=[entry(turn("k", "pears"))], delete=["k"]))
        assert written == Written(added=("k",), deleted=("k",))
        assert [record.text for record in adopted.scan("ana")] == ["pears"]
        assert adopted.search("ana", [words("apples")], 5) == [[]]

    def test_refresh_replaces_the_views(self, adopted: Store) -> None:
        """A refreshed record is found by its new views and no longer by the old; its text stays."""
        adopted.write("ana", batch(turn("k", "apples"), turn("other", "pears")))
        written = adopted.write("ana", Batch(refresh={"k": views("quinces")}))
        assert written == Written()
        record = adopted.get("ana", ["k"])[0]
        assert record is not None
        assert record.text == "apples"
        by_word, by_old_word, by_vector = adopted.search(
            "ana", [words("quinces"), words("apples"), dense("quinces")], 1
        )
        assert keys(by_word) == ["k"]
        assert keys(by_old_word) == []
        assert by_vector[0].score == pytest.approx(1, abs=1e-3)

    def test_refresh_ignores_unknown_keys(self, adopted: Store) -> None:
        """A record that was deleted meanwhile is not brought back by its refresh."""
        adopted.write("ana", Batch(refresh={"gone": views("quinces")}))
        assert adopted.count("ana") == 0
        assert adopted.search("ana", [words("quinces"), dense("quinces")], 1) == [[], []]

    def test_refresh_and_supersede_reach_what_the_batch_adds(self, adopted: Store) -> None:
        """Refresh and supersede come after add."""
        adopted.write(
            "ana",
            Batch(
                add=[entry(turn("old")), entry(turn("new"))],
                refresh={"new": views("quinces")},
                supersede={"old": "new"},
            ),
        )
        assert keys(adopted.search("ana", [words("quinces")], 5)[0]) == ["new"]
        assert keys(adopted.search("ana", [words("old")], 5)[0]) == []

    def test_what_is_superseded_can_be_refreshed(self, adopted: Store) -> None:
        """By the same batch or a later one; it has the new views, and is found by none."""
        adopted.write("ana", batch(turn("old"), turn("new")))
        for word in ("quinces", "pears"):
            adopted.write("ana", Batch(refresh={"old": views(word)}, supersede={"old": "new"}))
            assert adopted.entries("ana", ["old"])[0].views["turn"].text == word
            assert keys(adopted.search("ana", [words(word)], 5)[0]) == []

    @pytest.mark.parametrize(
        "bad",
        [
            entry(turn("bad"), direction(float("nan"))),
            entry(turn("bad", "  ")),
            entry(turn("bad", said_at=datetime(2024, 1, 1))),
            entry(turn("taken", "another text")),
        ],
        ids=["vector", "text", "time", "conflict"],
    )
    def test_a_batch_is_all_or_nothing(self, adopted: Store, bad: object) -> None:
        """One entry that cannot be written leaves the store as it was."""
        adopted.write("ana", batch(turn("taken"), turn("kept")))
        before = list(adopted.scan("ana"))
        good = [entry(turn(f"good {i}")) for i in range(5)]
        with pytest.raises((InvalidInput, Conflict)):
            adopted.write(
                "ana",
                Batch(
                    add=[*good, bad, *good],  # type: ignore[list-item]
                    refresh={"kept": views("quinces")},
                    supersede={"taken": "good 1"},
                    delete=["kept"],
                ),
            )
        assert list(adopted.scan("ana")) == before
        assert adopted.search("ana", [words("good quinces")], 5) == [[]]
        assert len(adopted.search("ana", [dense("kept")], 50)[0]) == 2

    def test_large_batches_go_in_at_once(self, adopted: Store) -> None:
        """Thousands of records, and thousands of keys asked for, need no splitting."""
        records = [turn(f"k{i:05}", position=i) for i in range(5000)]
        adopted.write("ana", batch(*records))
        wanted = [record.key for record in reversed(records)]
        assert [r and r.key for r in adopted.get("ana", wanted)] == wanted
        assert [e.record.key for e in adopted.entries("ana", wanted)] == wanted
        assert adopted.write("ana", Batch(delete=wanted)).deleted == tuple(wanted)

    def test_get_answers_in_the_order_asked(self, adopted: Store) -> None:
        """``get`` gives None for unknown keys, ``entries`` leaves them out."""
        adopted.write("ana", batch(turn("a"), turn("b")))
        asked = ["b", "unknown", "a", "b"]
        assert [r and r.key for r in adopted.get("ana", asked)] == ["b", None, "a", "b"]
        assert [e.record.key for e in adopted.entries("ana", asked)] == ["b", "a", "b"]
        assert adopted.get("ana", []) == []

    def test_adopt_twice_is_allowed(self, adopted: Store) -> None:
        """Declaring the same space again changes nothing."""
        adopted.adopt(SPACE)
        assert adopted.space == SPACE


class DeleteContract(Contract):
    """Deleted records are gone for every question, at once."""

    @pytest.mark.parametrize("method", ["write", "purge"])
    def test_nothing_finds_a_deleted_record(self, adopted: Store, method: str) -> None:
        """After a delete or purge, no method finds the record; all others are found."""
        adopted.write("ana", batch(*[turn(f"word{i}", position=i) for i in range(6)]))
        written = getattr(adopted, method)("ana", Batch(delete=["word2", "word5"]))
        left = ["word0", "word1", "word3", "word4"]
        assert written == Written(deleted=("word2", "word5"))
        assert adopted.get("ana", ["word2"]) == [None]
        assert adopted.entries("ana", ["word5"]) == []
        assert [record.key for record in adopted.scan("ana")] == left
        assert adopted.count("ana") == 4
        assert adopted.sources("ana")[0].records == 4
        assert [r.key for r in adopted.neighbors("ana", "session", 0, 9, 9)] == left
        nearest, by_word = adopted.search("ana", [dense("word2"), words("word2 word5")], 10)
        assert sorted(keys(nearest)) == left
        assert keys(by_word) == []

    def test_a_deleted_key_can_be_used_again(self, adopted: Store) -> None:
        """A key is free once its record is deleted, and finds only the new record."""
        adopted.write("ana", batch(turn("k", "apples")))
        adopted.write("ana", Batch(delete=["k"]))
        adopted.write("ana", batch(turn("k", "pears")))
        assert adopted.search("ana", [words("apples")], 5) == [[]]
        assert [hit.record.text for hit in adopted.search("ana", [words("pears")], 5)[0]] == [
            "pears"
        ]

    def test_a_namespace_without_records_is_none(self, adopted: Store) -> None:
        """Deleting its last record takes a namespace off the list."""
        adopted.write("ana", batch(turn("k")))
        adopted.write("ana", Batch(delete=["k"]))
        assert adopted.namespaces() == []
        assert adopted.sources("ana") == []


# The contract of batches that say what they were planned on.

NESTED = {"list": [1, {"a": None}], "number": 0.1}


def _around(store: Store, first: int, last: int, radius: int) -> Neighborhood:
    """The neighbourhood of some positions as it is now."""
    found = store.neighbors("ana", "session", first, last, radius)
    return Neighborhood("session", first, last, radius, tuple(found))


def planned(store: Store, *keys: str) -> dict[str, Record | None]:
    """Records under these keys now, for a batch that is planned on them to expect."""
    return dict(zip(keys, store.get("ana", keys), strict=True))


class PlannedContract(Contract):
    """A batch that says what it was planned on is written only if that still holds."""

    def test_a_neighbourhood_that_is_unchanged_is_accepted(self, adopted: Store) -> None:
        """A result of ``neighbors`` can be expected."""
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
        """A result of ``get`` can be expected, and so can a key that nobody has."""
        adopted.write("ana", batch(turn("a", metadata=NESTED), turn("b", superseded_by="a")))
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
        """A string that cannot be a key cannot be expected."""
        with pytest.raises(InvalidInput):
            adopted.write("ana", Batch(expects_records={"\ud800": None}))

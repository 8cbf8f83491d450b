"""The contract of the other ways to read: scan, neighbors, sources; and of what time does."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from remem.store.conformance.samples import (
    SPACE,
    Contract,
    Reopen,
    batch,
    dense,
    entry,
    keys,
    turn,
    words,
)
from remem.store.errors import InvalidInput
from remem.store.filters import F, Filter
from remem.store.store import Reader, Store
from remem.store.types import Batch, SourceInfo

PAST = datetime(2020, 1, 1, tzinfo=timezone.utc)
FUTURE = datetime(2999, 1, 1, tzinfo=timezone.utc)


class ScanContract(Contract):
    """Everything, in the order in which it was said."""

    def test_scan_is_in_reading_order(self, adopted: Store) -> None:
        """The order is (source, position, key), by code point, whatever the order of writing."""
        order = [
            turn("z", source="A", position=-1),
            turn("a", source="A", position=2),
            turn("b", source="A", position=2),
            turn("c", source="A", position=10),
            turn("d", source="a", position=0),
            turn("e", source="é", position=0),
            turn("f", source="\uffee", position=0),
            turn("g", source="😀", position=0),
        ]
        for record in order[::-2] + order[::2]:
            adopted.write("ana", batch(record))
        assert [r.key for r in adopted.scan("ana")] == [r.key for r in order]

    @pytest.mark.parametrize(
        ("where", "found"),
        [
            (F("source") == "b", "b1 b2 b3"),
            ((F("source") == "b") & (F("position") >= 2), "b2 b3"),
            ((F("source") == "b") & (F("position") <= 2) & (F("position") >= 2), "b2"),
            ((F("source") == "b") & F("position").in_([3, 1]), "b1 b3"),
            (F("source").in_(["a", "c"]) & (F("position") >= 2), "a2 a3 c2 c3"),
            (F("source").between("b", "c") & (F("position") == 1), "b1 c1"),
            (F("source") >= "c", "c1 c2 c3"),
            ((F("source") == "a") & (F("source") == "b"), ""),
            ((F("source") == "a") | (F("source") == "c"), "a1 a2 a3 c1 c2 c3"),
            (~(F("source") == "b"), "a1 a2 a3 c1 c2 c3"),
            (F("source").in_([]), ""),
        ],
    )
    def test_a_scan_of_some_places(self, adopted: Store, where: Filter, found: str) -> None:
        """A filter on source and position is kept however the store makes use of it."""
        places = [(source, position) for source in "abc" for position in (1, 2, 3)]
        adopted.write("ana", batch(*[turn(f"{s}{p}", source=s, position=p) for s, p in places]))
        assert " ".join(record.key for record in adopted.scan("ana", where)) == found

    def test_a_scan_survives_writes(self, adopted: Store) -> None:
        """Deleting records that a scan has yielded neither breaks the scan nor skips a record."""
        names = [f"k{i:03}" for i in range(300)]
        adopted.write("ana", batch(*[turn(name, position=i) for i, name in enumerate(names)]))
        seen = []
        for record in adopted.scan("ana"):
            seen.append(record.key)
            if len(seen) % 10 == 0:
                adopted.write("ana", Batch(delete=seen[-10:]))
        assert seen == names
        assert adopted.count("ana") == 0

    def test_a_scan_may_be_left(self, adopted: Store) -> None:
        """Stopping a scan half way blocks no later write."""
        adopted.write("ana", batch(turn("a"), turn("b"), turn("c")))
        scan = adopted.scan("ana")
        next(scan)
        adopted.write("ana", Batch(delete=["c"]))
        del scan
        assert adopted.count("ana") == 2

    def test_sources_are_listed(self, adopted: Store) -> None:
        """Each source has its number of records and the earliest and latest ``said_at``."""
        east = timezone(timedelta(hours=9))
        adopted.write(
            "ana",
            batch(
                turn("a", source="letters", said_at=PAST + timedelta(days=2)),
                turn("b", source="letters", said_at=PAST.astimezone(east)),
                turn("c", source="letters"),
                turn("d", source="Notes"),
            ),
        )
        assert adopted.sources("ana") == [
            SourceInfo("Notes", 1, None, None),
            SourceInfo("letters", 3, PAST, PAST + timedelta(days=2)),
        ]

    def test_what_was_said_is_tallied_by_time_and_speaker(self, adopted: Store) -> None:
        """Current records count from each moment, which is included, until the next."""
        hours = [PAST + timedelta(hours=hour) for hour in range(4)]
        instant = timedelta(microseconds=1)
        east = timezone(timedelta(hours=9))
        said = [
            ("a", "Ana", hours[0]),
            ("b", "Ana", hours[1] - instant),
            ("c", "Ana", hours[1].astimezone(east)),
            ("d", "", hours[2]),
            ("e", None, hours[2]),
            ("f", "Zoë\N{GRINNING FACE}", hours[3] - instant),
            ("too early", "Ana", hours[0] - instant),
            ("too late", "Ana", hours[3]),
            ("nobody knows when", "Ana", None),
        ]
        adopted.write("ana", batch(*(turn(k, speaker=who, said_at=at) for k, who, at in said)))
        adopted.write("ben", batch(turn("a", speaker="Ben", said_at=hours[0])))
        assert adopted.tally("ana", hours) == {
            "Ana": (2, 1, 0),
            "": (0, 0, 1),
            None: (0, 0, 1),
            "Zoë\N{GRINNING FACE}": (0, 0, 1),
        }
        assert adopted.tally("ben", hours) == {"Ben": (1, 0, 0)}
        assert adopted.tally("nobody", hours) == {}

    def test_what_is_over_is_not_tallied(self, adopted: Store) -> None:
        """Neither what was superseded nor what has expired."""
        day = [PAST, PAST + timedelta(days=1)]
        adopted.write(
            "ana",
            Batch(
                add=[
                    entry(turn("old", speaker="Ana", said_at=PAST)),
                    entry(turn("new", speaker="Ana", said_at=PAST)),
                    entry(turn("gone", speaker="Ana", said_at=PAST, expires_at=PAST)),
                    entry(turn("stays", speaker="Ana", said_at=PAST, expires_at=FUTURE)),
                ],
                supersede={"old": "new"},
            ),
        )
        assert adopted.tally("ana", day) == {"Ana": (2,)}

    def test_namespaces_are_listed(self, adopted: Store) -> None:
        """All namespaces that hold records, sorted."""
        for namespace in ("b", "a b/c:d", "é", "B"):
            adopted.write(namespace, batch(turn("k")))
        assert adopted.namespaces() == ["B", "a b/c:d", "b", "é"]


class FindContract(Contract):
    """The first of what matches."""

    def test_the_first_in_reading_order_are_found(self, adopted: Store) -> None:
        """No more than the limit come, however many match; without a filter all match."""
        names = [f"k{i:04}" for i in range(1200)]
        adopted.write("ana", batch(*[turn(name, position=i) for i, name in enumerate(names)]))
        for limit in (1, 600, 1200, 5000):
            found = [record.key for record in adopted.find("ana", None, limit)]
            assert found == names[:limit]
        where = F("position") >= 700
        assert [record.key for record in adopted.find("ana", where, 2)] == ["k0700", "k0701"]

    def test_only_current_records_are_found(self, adopted: Store) -> None:
        """Superseded and expired records are stepped over and do not count."""
        adopted.write("ana", batch(*[turn(f"k{i}", position=i) for i in range(4)]))
        adopted.write("ana", batch(turn("past", expires_at=PAST), turn("last", expires_at=FUTURE)))
        adopted.write("ana", Batch(supersede={"k0": "k3"}))
        assert [record.key for record in adopted.find("ana", None, 9)] == ["last", "k1", "k2", "k3"]
        assert [record.key for record in adopted.find("ana", None, 2)] == ["last", "k1"]
        assert adopted.find("ana", F("key") == "k0", 1) == []

    def test_nothing_is_found_where_nothing_is(self, store: Store) -> None:
        """Before a space is adopted, and in an unknown namespace."""
        assert store.find("ana", None, 1) == []
        store.adopt(SPACE)
        assert store.find("ana", F("metadata.pinned") == 1, 1) == []


class ReaderContract(Contract):
    """Several questions asked at once."""

    def test_a_reader_answers_as_the_store_does(self, adopted: Store) -> None:
        """Each question has the answer that the store gives."""
        adopted.write("ana", batch(*[turn(f"k{i}", position=i) for i in range(4)]))
        adopted.write("ana", Batch(supersede={"k3": "k0"}))

        def ask(reader: Reader) -> list[object]:
            return [
                reader.space,
                reader.get("ana", ["k2", "unknown", "k1", "k2"]),
                reader.get("ana", []),
                [entry.record for entry in reader.entries("ana", ["k1"])],
                reader.predecessors("ana", ["k0"]),
                list(reader.scan("ana", F("position") >= 2)),
                reader.find("ana", None, 2),
                reader.neighbors("ana", "session", 1, 1, 1),
                reader.search("ana", [dense("k1"), words("k2")], 2),
                reader.search("nobody", [dense("k1")], 2),
                reader.idf("ana", "turn", ["k1", "nothing"]),
                reader.count("ana", F("position") >= 2),
                reader.get("nobody", ["k1"]),
            ]

        assert adopted.reading(ask) == ask(adopted)

    def test_a_reader_sees_what_was_written(self, adopted: Store, reopen: Reopen) -> None:
        """An acknowledged write is in the answers of the next reader."""
        for number in range(1, 4):
            adopted.write("ana", batch(turn(f"k{number}")))
            assert adopted.reading(lambda reader: reader.count("ana")) == number
        again = reopen()
        assert again.reading(lambda reader: reader.count("ana")) == 3

    def test_what_goes_wrong_in_a_reader_is_raised(self, adopted: Store) -> None:
        """Errors of the store and of the caller come through, and the store goes on."""
        adopted.write("ana", batch(turn("a")))

        def fail(reader: Reader) -> None:
            reader.get("ana", ["a"])
            raise KeyError("a")

        with pytest.raises(InvalidInput, match="limit"):
            adopted.reading(lambda reader: reader.find("ana", None, 0))
        with pytest.raises(KeyError):
            adopted.reading(fail)
        assert adopted.reading(lambda reader: reader.count("ana")) == 1


class NeighborsContract(Contract):
    """Records that were said around a record."""

    @pytest.mark.parametrize(
        ("first", "last", "radius", "expected"),
        [
            (30, 30, 1, ["k2", "k3", "k4"]),
            (30, 40, 0, ["k3", "k4"]),
            (30, 40, 2, ["k1", "k2", "k3", "k4", "k5", "k6"]),
            (0, 0, 1, ["k0", "k1"]),
            (70, 70, 3, ["k4", "k5", "k6", "k7"]),
            (35, 36, 1, ["k3", "k4"]),
            (1000, 2000, 2, ["k6", "k7"]),
            (-9, -8, 1, ["k0"]),
            (30, 30, 10_000_000, ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"]),
            (-(2**63), 2**63 - 1, 0, ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"]),
        ],
    )
    def test_neighbors_are_counted_in_records(
        self, adopted: Store, first: int, last: int, radius: int, expected: list[str]
    ) -> None:
        """The records at ``first..last`` come with ``radius`` records before and after, however
        far apart their positions are."""
        adopted.write("ana", batch(*[turn(f"k{i}", position=10 * i) for i in range(8)]))
        around = adopted.neighbors("ana", "session", first, last, radius)
        assert [record.key for record in around] == expected

    def test_neighbors_share_the_source(self, adopted: Store) -> None:
        """Records of other sources are no neighbours; an unknown source has none."""
        adopted.write("ana", batch(turn("a", source="one"), turn("b", source="two")))
        assert [r.key for r in adopted.neighbors("ana", "one", 0, 0, 5)] == ["a"]
        assert adopted.neighbors("ana", "three", 0, 0, 5) == []

    def test_equal_positions_are_in_the_order_of_keys(self, adopted: Store) -> None:
        """Records at one position are all inside it, in the order of their keys."""
        adopted.write("ana", batch(turn("c"), turn("a"), turn("b"), turn("d", position=1)))
        assert [r.key for r in adopted.neighbors("ana", "session", 0, 0, 0)] == ["a", "b", "c"]
        assert [r.key for r in adopted.neighbors("ana", "session", 1, 1, 1)] == ["c", "d"]

    def test_only_current_records_are_neighbors(self, adopted: Store) -> None:
        """Superseded and expired records are stepped over and do not count."""
        adopted.write("ana", batch(*[turn(f"k{i}", position=i) for i in range(4)]))
        adopted.write("ana", batch(turn("expired", position=2, expires_at=PAST)))
        adopted.write("ana", Batch(supersede={"k1": "k3"}))
        assert [r.key for r in adopted.neighbors("ana", "session", 2, 2, 1)] == ["k0", "k2", "k3"]
        assert [r.key for r in adopted.neighbors("ana", "session", 1, 1, 0)] == []


class PredecessorsContract(Contract):
    """Records whose place a record took."""

    def test_predecessors_are_found_by_their_link(self, adopted: Store) -> None:
        """Names and sources make no difference, nor whether they were superseded in the store or
        stored as superseded; those of several keys at once come in reading order."""
        adopted.write("ana", batch(turn("z", source="a"), turn("y", position=1), turn("new")))
        adopted.write("ana", Batch(supersede={"z": "new", "y": "new"}))
        adopted.write("ana", batch(turn("imported", superseded_by="other"), turn("other")))
        found = adopted.predecessors("ana", ["other", "new", "new", "unknown"])
        assert [record.key for record in found] == ["z", "imported", "y"]
        assert found == [record for record in adopted.scan("ana") if record.superseded_by]

    def test_predecessors_are_direct(self, adopted: Store) -> None:
        """The predecessors of a predecessor are not among them."""
        adopted.write("ana", batch(turn("a"), turn("b"), turn("c")))
        adopted.write("ana", Batch(supersede={"a": "b", "b": "c"}))
        assert [r.key for r in adopted.predecessors("ana", ["c"])] == ["b"]
        assert [r.key for r in adopted.predecessors("ana", ["b"])] == ["a"]
        assert adopted.predecessors("ana", ["a"]) == []

    def test_predecessors_outlive_their_successor(self, adopted: Store) -> None:
        """A link still leads back when what it leads to was deleted."""
        adopted.write("ana", batch(turn("old"), turn("new")))
        adopted.write("ana", Batch(supersede={"old": "new"}))
        adopted.write("ana", Batch(delete=["new"]))
        assert [record.key for record in adopted.predecessors("ana", ["new"])] == ["old"]

    def test_predecessors_expire_but_stay(self, adopted: Store) -> None:
        """An expired record is found; a deleted one is not, nor one of another namespace."""
        link = {"superseded_by": "new"}
        adopted.write("ana", batch(turn("expired", expires_at=PAST, **link), turn("gone", **link)))
        adopted.write("bob", batch(turn("his", **link)))
        adopted.write("ana", Batch(delete=["gone"]))
        assert [record.key for record in adopted.predecessors("ana", ["new"])] == ["expired"]

    def test_whoever_asks_for_nothing_finds_no_predecessors(self, adopted: Store) -> None:
        """No keys, an unknown key, one that cannot be, and an unknown namespace have none."""
        adopted.write("ana", batch(turn("old", superseded_by="new"), turn("new")))
        assert adopted.predecessors("ana", []) == []
        assert adopted.predecessors("ana", ["old", "unknown", "", "new\0"]) == []
        assert adopted.predecessors("nobody", ["new"]) == []

    def test_thousands_of_predecessors_are_found_at_once(self, adopted: Store) -> None:
        """Neither many keys nor many predecessors need splitting."""
        records = [turn(f"k{i:04}", position=i, superseded_by=f"n{i:04}") for i in range(5000)]
        adopted.write("ana", batch(*records))
        wanted = [f"n{i:04}" for i in range(0, 5000, 2)]
        found = adopted.predecessors("ana", wanted)
        assert [record.key for record in found] == [record.key for record in records[::2]]


class LifeContract(Contract):
    """Records are superseded and expire; history is kept."""

    def test_a_superseded_record_is_history(self, adopted: Store) -> None:
        """It is no longer found, but can be read; it names its successor and when it gave way."""
        adopted.write("ana", batch(turn("old", "tea"), turn("new", "tea")))
        adopted.write("ana", Batch(supersede={"old": "new"}))
        legs = [dense("tea"), words("tea")]
        assert [keys(hits) for hits in adopted.search("ana", legs, 5)] == [["new"]] * 2
        old = adopted.get("ana", ["old"])[0]
        assert old is not None
        assert old.superseded_by == "new"
        assert old.valid_to is not None
        assert old.valid_to.utcoffset() == timedelta(0)
        assert adopted.count("ana") == 2
        assert [record.key for record in adopted.scan("ana")] == ["new", "old"]

    def test_superseding_twice_keeps_the_first_time(self, adopted: Store) -> None:
        """Superseding by the same successor again changes nothing; by another one, it counts."""
        adopted.write("ana", batch(turn("old"), turn("new"), turn("newer")))
        adopted.write("ana", Batch(supersede={"old": "new"}))
        before = adopted.get("ana", ["old"])
        adopted.write("ana", Batch(supersede={"old": "new"}))
        assert adopted.get("ana", ["old"]) == before
        adopted.write("ana", Batch(supersede={"old": "newer"}))
        old = adopted.get("ana", ["old"])[0]
        assert old is not None
        assert old.superseded_by == "newer"

    def test_superseding_an_unknown_record_does_nothing(self, adopted: Store) -> None:
        """A record that was deleted meanwhile cannot be superseded, which is no error."""
        adopted.write("ana", Batch(add=[entry(turn("new"))], supersede={"gone": "new"}))
        assert [record.key for record in adopted.scan("ana")] == ["new"]

    def test_a_superseded_record_stays_so(self, adopted: Store) -> None:
        """Neither deleting the successor, nor adding or refreshing the old one, brings it back."""
        adopted.write("ana", batch(turn("old", "tea"), turn("new")))
        adopted.write("ana", Batch(supersede={"old": "new"}))
        adopted.write("ana", Batch(delete=["new"]))
        again = entry(turn("old", "tea"))
        adopted.write("ana", Batch(add=[again], refresh={"old": again.views}))
        assert adopted.search("ana", [dense("tea"), words("tea")], 5) == [[], []]

    def test_an_imported_history_is_history(self, adopted: Store) -> None:
        """A record added as superseded is not found."""
        record = turn("old", "tea", superseded_by="new", valid_to=PAST)
        adopted.write("ana", batch(record))
        assert adopted.search("ana", [dense("tea"), words("tea")], 5) == [[], []]

    def test_an_expired_record_is_not_found(self, adopted: Store) -> None:
        """A record is found before ``expires_at`` and not after; it can be read and deleted."""
        adopted.write(
            "ana",
            batch(turn("past", "tea", expires_at=PAST), turn("future", "tea", expires_at=FUTURE)),
        )
        legs = [dense("tea"), words("tea")]
        for where in (None, F("key").in_(["past", "future"])):
            assert [keys(hits) for hits in adopted.search("ana", legs, 5, where)] == [
                ["future"]
            ] * 2
        assert adopted.count("ana") == 2
        assert adopted.get("ana", ["past"])[0] is not None
        assert adopted.write("ana", Batch(delete=["past"])).deleted == ("past",)

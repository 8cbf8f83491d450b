"""The contract of filters: the same records as ``Filter.matches``, before the top k."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from remem.store.conformance.samples import Contract, batch, dense, entry, keys, turn, words
from remem.store.filters import And, F, Filter, Or, parse_filter
from remem.store.store import Store
from remem.store.types import Batch, Record

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
EAST = timezone(timedelta(hours=9))


def _records() -> list[Record]:
    """Sixty records that differ in every field that can be filtered on."""
    return [
        turn(
            f"k{i:02}",
            f"word number{i}",
            source=("monday", "tuesday", "it's 100%_off")[i % 3],
            position=i,
            kind="note" if i % 10 == 0 else "turn",
            role=("user", "assistant", None)[i % 3],
            speaker=("Ana", "Zoë", None, "ana")[i % 4],
            origin=(None, "web", "document", 'it\'s "read"', "x" * 1000)[i % 5],
            said_at=None if i % 7 == 0 else START.astimezone(EAST if i % 2 else None) + _day(i),
            stored_at=START + _day(1000 + i),
            metadata=_metadata(i),
        )
        for i in range(60)
    ]


def _day(days: int) -> timedelta:
    return timedelta(days=days)


def _metadata(i: int) -> dict[str, object]:
    if i % 5 == 0:
        return {}
    return {
        "year": 2000 + i,
        "ratio": i / 4,
        "mixed": i if i % 2 else str(i),
        "done": i % 3 == 0,
        "tags": [f"t{i % 4}", f"t{i % 6}"],
        "place": {"city": ("Oslo", "北京")[i % 2], "geo": {"lat": -i}},
        "nothing": None,
        "empty": [],
        "large": 2**63 + i,
        "dotted.name": i,
    }


FILTERS: dict[str, Filter] = {
    "key": F("key") == "k07",
    "source with quotes": F("source") == "it's 100%_off",
    "case matters": F("speaker") == "Ana",
    "not Latin": F("metadata.place.city") == "北京",
    "is not": F("speaker") != "Ana",
    "is missing": F("speaker") == None,  # noqa: E711
    "is not missing": F("role").exists(),
    "by origin": F("origin").in_(["web", "person"]),
    "by an origin with quotes": F("origin") == 'it\'s "read"',
    "by no origin": F("origin") != "web",
    "by origins from one on": F("origin") >= "web",
    "kind": F("kind").in_(["note", "letter"]),
    "one of none": F("kind").in_([]),
    "position": F("position").between(10, 19),
    "open range": F("position") >= 55,
    "said from": F("said_at") >= START + _day(30),
    "said between, in another zone": F("said_at").between(
        (START + _day(3)).astimezone(EAST), (START + _day(9)).astimezone(EAST)
    ),
    "said at one moment": F("said_at") == (START + _day(5)).astimezone(EAST),
    "stored until": F("stored_at") <= START + _day(1004),
    "number": F("metadata.year") == 2011,
    "number as float": F("metadata.year") == 2011.0,
    "numbers are not strings": F("metadata.mixed") == "11",
    "range of numbers": F("metadata.ratio").between(2, 4.5),
    "range leaves strings out": F("metadata.mixed") <= 20,
    "range of strings": F("metadata.mixed").between("1", "3"),
    "boolean": F("metadata.done") == True,  # noqa: E712
    "boolean is 0 or 1": F("metadata.done") == 0,
    "item of a list": F("metadata.tags") == "t3",
    "items of a list": F("metadata.tags").in_(["t3", "t5"]),
    "no item of a list": ~F("metadata.tags").in_(["t3", "t5"]),
    "nested object": F("metadata.place.geo.lat") <= -50,
    "null is no value": F("metadata.nothing").exists(),
    "an empty list is no value": F("metadata.empty").exists(),
    "beyond 64 bits": F("metadata.large") >= 2**63,
    "name with a dot": F("metadata.dotted.name") == 3,
    "unknown name": F("metadata.unknown") == 1,
    "not an unknown name": ~(F("metadata.unknown") == 1),
    "and": (F("source") == "monday") & (F("speaker") == "Ana"),
    "or": (F("key") == "k01") | (F("metadata.year") == 2002),
    "not and": ~((F("source") == "monday") & (F("metadata.year") >= 2030)),
    "nested": ((F("kind") == "note") | F("metadata.done").exists()) & ~(F("position") <= 20),
    "all": And(()),
    "none": Or(()),
    "from JSON": parse_filter({"metadata.year": {"gte": 2004, "lte": 2008}, "role": "user"}),
}


class FilterContract(Contract):
    """``where`` is resolved before the top k, and means what ``Filter.matches`` says."""

    def test_the_two_o_clocks_of_a_night_are_two(self, adopted: Store) -> None:
        """A reading that clocks show twice, when they are put back, stands for two moments."""
        berlin = ZoneInfo("Europe/Berlin")
        first = datetime(2024, 10, 27, 2, 30, tzinfo=berlin)
        second = first.replace(fold=1)
        adopted.write("ana", batch(turn("a", said_at=first), turn("b", said_at=second)))
        for key, moment in (("a", first), ("b", second)):
            then = F("said_at") == moment
            [found] = adopted.search("ana", [dense("a")], 9, then)
            assert keys(found) == [record.key for record in adopted.scan("ana", then)] == [key]
            assert adopted.count("ana", then) == 1
        [later] = adopted.search("ana", [dense("a")], 9, F("said_at") >= second)
        assert keys(later) == ["b"]

    @pytest.mark.parametrize("where", FILTERS.values(), ids=FILTERS)
    def test_a_filter_means_what_its_predicate_says(self, adopted: Store, where: Filter) -> None:
        """Search, find, scan and count return exactly the records for which ``matches`` is true."""
        records = _records()
        adopted.write("ana", batch(*records))
        expected = [record.key for record in records if where.matches(record)]
        nearest, by_word = adopted.search("ana", [dense("anything"), words("word")], 100, where)
        assert sorted(keys(nearest)) == expected
        assert sorted(keys(by_word)) == expected
        assert sorted(record.key for record in adopted.scan("ana", where)) == expected
        assert adopted.find("ana", where, 100) == list(adopted.scan("ana", where))
        assert adopted.count("ana", where) == len(expected)

    def test_a_filtered_top_k_is_the_top_k_of_the_matches(
        self, adopted: Store, min_recall: float
    ) -> None:
        """Results are the k best of the records that match, however few or many these are."""
        names = [f"k{i:04}" for i in range(2000)]
        adopted.write(
            "ana", batch(*[turn(name, f"{name} word", position=i) for i, name in enumerate(names)])
        )
        for leg in (dense("question"), words("word k0000 k0003")):
            [everything] = adopted.search("ana", [leg], 2000)
            for share in (1, 5, 100, 1000, 1999):
                expected = [key for key in keys(everything) if key < f"k{share:04}"][:10]
                [found] = adopted.search("ana", [leg], 10, F("position") <= share - 1)
                assert len(found) == min(share, 10)
                assert len(set(keys(found)) & set(expected)) >= min_recall * len(expected)

    def test_superseded_records_match_but_are_not_found(self, adopted: Store) -> None:
        """Count and scan see superseded and expired records that match; search does not."""
        past = START - _day(1)
        adopted.write(
            "ana",
            Batch(
                add=[
                    entry(turn("new", "tea", speaker="Ana")),
                    entry(turn("old", "tea", speaker="Ana")),
                    entry(turn("expired", "tea", speaker="Ana", expires_at=past)),
                ],
                supersede={"old": "new"},
            ),
        )
        where = F("speaker") == "Ana"
        assert adopted.count("ana", where) == 3
        assert len(list(adopted.scan("ana", where))) == 3
        legs = [dense("tea"), words("tea")]
        assert [keys(hits) for hits in adopted.search("ana", legs, 9, where)] == [["new"]] * 2

    def test_thousands_of_values_are_allowed(self, adopted: Store) -> None:
        """A list of values may be long."""
        adopted.write("ana", batch(turn("k1"), turn("k2")))
        where = F("key").in_([f"k{i}" for i in range(2, 50_000)])
        assert keys(adopted.search("ana", [dense("k1")], 9, where)[0]) == ["k2"]

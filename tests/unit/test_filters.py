"""The algebra of filters, evaluated on one record; stores are compared with it elsewhere."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from remem.store.errors import InvalidInput
from remem.store.filters import And, Exists, F, Filter, In, Not, Or, Range, facets, parse_filter
from remem.store.types import Record

NOON = datetime(2024, 5, 1, 12, tzinfo=timezone.utc)
RECORD = Record(
    key="k",
    source="letters",
    position=3,
    text="hello",
    speaker="Ana",
    said_at=NOON,
    metadata={
        "year": 2024,
        "ratio": 0.5,
        "tags": ["tea", "travel"],
        "place": {"city": "Oslo", "geo": {"lat": 59}},
        "visits": [{"day": 1}, {"day": 5}],
        "done": True,
        "nothing": None,
        "empty": [],
        "mixed": [1, "1"],
    },
)


@pytest.mark.parametrize(
    "where",
    [
        F("speaker") == "Ana",
        F("speaker") != "Bob",
        F("role") == None,  # noqa: E711
        F("position") >= 3,
        F("position") <= 3,
        F("position").between(3, 3),
        F("said_at") == NOON.astimezone(timezone(timedelta(hours=9))),
        F("said_at").between(NOON - timedelta(seconds=1), NOON),
        F("metadata.year").in_([1999, 2024]),
        F("metadata.year") == 2024.0,
        F("metadata.ratio") <= 0.5,
        F("metadata.tags") == "travel",
        F("metadata.place.city") == "Oslo",
        F("metadata.place.geo.lat") >= 59,
        F("metadata.visits.day") == 5,
        F("metadata.done") == True,  # noqa: E712
        F("metadata.done") == 1,
        F("metadata.mixed") == "1",
        (F("speaker") == "Ana") & (F("source") == "letters"),
        (F("speaker") == "Bob") | (F("source") == "letters"),
        ~(F("speaker") == "Bob"),
        And(()),
    ],
    ids=str,
)
def test_a_filter_matches_and_its_negation_does_not(where: Filter) -> None:
    assert where.matches(RECORD)
    assert not (~where).matches(RECORD)


@pytest.mark.parametrize(
    "where",
    [
        F("speaker") == "ana",
        F("metadata.year") == "2024",
        F("metadata.year") >= "1",
        F("metadata.tags") == "te",
        F("metadata.nothing").exists(),
        F("metadata.empty").exists(),
        F("metadata.place").exists(),
        F("metadata.unknown") == 1,
        F("role").in_(["user"]),
        F("metadata.tags").in_([]),
        Or(()),
    ],
    ids=str,
)
def test_a_condition_on_what_is_not_there_is_false_and_its_negation_true(where: Filter) -> None:
    assert not where.matches(RECORD)
    assert (~where).matches(RECORD)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: F("text") == "x", "cannot filter on 'text'"),
        (lambda: F("metadata.") == "x", "cannot filter on"),
        (lambda: F("speaker") == 3, "compares with a string"),
        (lambda: F("position") >= 1.5, "compares with an integer"),
        (lambda: F("position") == 2**63, "compares with an integer"),
        (lambda: F("said_at") >= "2024", "timezone-aware datetime"),
        (lambda: F("said_at") >= datetime(2024, 1, 1), "timezone-aware datetime"),
        (lambda: F("metadata.x") == float("nan"), "finite number"),
        (lambda: F("metadata.x") == [1], "finite number"),
        (lambda: F("metadata.x") == 10**400, "finite number"),
        (lambda: F("metadata.x").between(1, "2"), "one type"),
        (lambda: Range("metadata.x"), "lower or an upper bound"),
        (lambda: Exists("nonsense"), "cannot filter on"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(make: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        make()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"speaker": "Ana"}, F("speaker") == "Ana"),
        ({"speaker": None}, Not(Exists("speaker"))),
        ({"speaker": ["Ana", "Bob"]}, F("speaker").in_(["Ana", "Bob"])),
        ({"speaker": {"in": ["Ana"]}}, In("speaker", ("Ana",))),
        ({"position": {"gte": 1, "lte": 2}}, (F("position") >= 1) & (F("position") <= 2)),
        ({"said_at": {"gte": "2024-05-01T12:00:00Z"}}, F("said_at") >= NOON),
        ({"metadata.x": {"exists": True}}, Exists("metadata.x")),
        ({"metadata.x": {"exists": False}}, Not(Exists("metadata.x"))),
        ({"role": "user", "kind": "turn"}, (F("role") == "user") & (F("kind") == "turn")),
        (
            {"or": [{"role": "user"}, {"kind": "note"}]},
            (F("role") == "user") | (F("kind") == "note"),
        ),
        ({"not": {"role": "user"}}, ~(F("role") == "user")),
        ({}, And(())),
    ],
)
def test_filters_are_read_from_json(data: dict[str, Any], expected: Filter) -> None:
    read = parse_filter(data)
    flat = read.parts[0] if isinstance(read, And) and len(read.parts) == 1 else read
    assert flat == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "JSON object"),
        ({"speaker": {}}, "empty"),
        ({"speaker": {"like": "A%"}}, "unknown operator 'like'"),
        ({"speaker": {"in": "Ana"}}, "takes a list"),
        ({"and": {"role": "user"}}, "takes a list"),
        ({"said_at": "yesterday"}, "ISO 8601"),
        ({"said_at": {"gte": "2024-05-01"}}, "timezone-aware"),
        ({"nonsense": 1}, "cannot filter on"),
        ({3: 1}, "by strings"),
        ({"speaker": {"exists": "false"}}, "true or false"),
    ],
)
def test_json_that_is_no_filter_is_refused(data: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        parse_filter(data)


def test_facets_flatten_metadata() -> None:
    assert list(facets(RECORD.metadata)) == [
        ("year", 2024),
        ("ratio", 0.5),
        ("tags", "tea"),
        ("tags", "travel"),
        ("place.city", "Oslo"),
        ("place.geo.lat", 59),
        ("visits.day", 1),
        ("visits.day", 5),
        ("done", 1),
        ("mixed", 1),
        ("mixed", "1"),
    ]


def test_integers_beyond_64_bits_compare_as_floats() -> None:
    record = Record(key="k", source="s", position=0, text="x", metadata={"n": 2**70})
    assert list(facets(record.metadata)) == [("n", float(2**70))]
    assert (F("metadata.n") == 2**70).matches(record)


def test_a_filter_is_neither_true_nor_false() -> None:
    """``a and b`` would silently drop a condition."""
    with pytest.raises(TypeError, match="combine filters"):
        bool(F("speaker") == "Ana")
    with pytest.raises(InvalidInput, match="list of values"):
        F("speaker").in_("Ana")


def test_long_chains_do_not_nest() -> None:
    where = F("position") == 0
    for i in range(1, 2000):
        where = where | (F("position") == i)
    assert where.matches(Record(key="k", source="s", position=1999, text="x"))


def test_json_filters_nest_to_a_bound() -> None:
    data: dict[str, object] = {"speaker": "Ana"}
    for _ in range(40):
        data = {"not": data}
    with pytest.raises(InvalidInput, match="nested too deeply"):
        parse_filter(data)

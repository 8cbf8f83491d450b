"""LangGraph's store: what its own tests ask of a store, of its in-memory one and of ours.

Those tests are in no package, so their promises are written down here, and both stores keep them.
What follows the suite is what only ours promises.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

pytest.importorskip("langgraph.store.base")

from langgraph.graph import START, StateGraph
from langgraph.store.base import (
    BaseStore,
    GetOp,
    InvalidNamespaceError,
    Item,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchItem,
    SearchOp,
)
from langgraph.store.memory import InMemoryStore
from typing_extensions import TypedDict

from remem import F, Memory
from remem.attach.frameworks import langgraph as store_module
from remem.attach.frameworks.langgraph import RememStore
from remem.store import InvalidInput
from remem.testing import HashEncoder

ENCODER = HashEncoder()


def embed(texts: Any) -> list[list[float]]:
    return [row.tolist() for row in ENCODER.encode_documents(list(texts))]


@pytest.fixture
def ours(memory: Memory) -> RememStore:
    return RememStore(memory)


@pytest.fixture(params=["in memory", "remem"])
def store(request: pytest.FixtureRequest) -> BaseStore:
    if request.param == "remem":
        remem: RememStore = request.getfixturevalue("ours")
        return remem
    return InMemoryStore(index={"dims": ENCODER.dim, "embed": embed})


def keys(found: list[SearchItem]) -> list[str]:
    return [item.key for item in found]


VALUES: list[dict[str, Any]] = [
    {},
    {"text": "hello"},
    {"": 0, "a.b": 1, "a": {"b": 2}, "$": 3, "*": 4, "[0]": 5},
    {"null": None, "yes": True, "no": False, "int": 2**80, "float": 1e-300, "negative": -0.5},
    {"list": [1, "two", [3, [], {}], {"four": [None]}], "deep": {"a": {"b": {"c": {}}}}},
    {"text": "Zoë’s 🔑\t\r\n\x00", "é": "ключ", "blank": "  \n"},
    {"value": {"value": {"created_at": "x"}}, "ttl": 1, "expires_at": 2},
]

TREE = [
    ("a", "b", "c"),
    ("a", "b", "d", "e"),
    ("a", "b", "d", "i"),
    ("a", "b", "f"),
    ("a", "c", "f"),
    ("b", "a", "f"),
    ("users", "123"),
    ("users", "456", "settings"),
    ("admin", "users", "789"),
]


SCORED: dict[str, dict[str, Any]] = {
    "a": {"score": 2, "color": "red", "tags": ["x", "y"], "on": True, "at": {"x": 1, "y": 2}},
    "b": {"score": 9.5, "color": "blue", "tags": ["x"], "on": False, "at": {"x": 1}},
    "c": {"score": 10, "color": "red", "tags": [], "note": None, "at": {"x": 2}},
    "d": {"score": 11, "color": "green", "a.b": 1, "tags": [{"n": 1}], "at": {"x": [1]}},
}


class TestItems:
    @pytest.mark.parametrize("value", VALUES)
    def test_a_value_comes_back_as_it_was(self, store: BaseStore, value: dict[str, Any]) -> None:
        store.put(("docs",), "k", value)
        item = store.get(("docs",), "k")
        assert item is not None
        assert (item.namespace, item.key, item.value) == (("docs",), "k", value)
        assert [found.value for found in store.search(("docs",))] == [value]

    def test_times_tell_when_it_was_written(self, store: BaseStore) -> None:
        before = datetime.now(timezone.utc)
        store.put(("docs",), "k", {"text": "hello"})
        item = store.get(("docs",), "k")
        assert item is not None
        assert before <= item.created_at <= datetime.now(timezone.utc)
        assert before <= item.updated_at <= datetime.now(timezone.utc)

    def test_a_put_replaces_the_whole_value(self, store: BaseStore) -> None:
        store.put(("docs",), "k", {"text": "hello", "a": 1})
        first = store.get(("docs",), "k")
        store.put(("docs",), "k", {"text": "bye"})
        second = store.get(("docs",), "k")
        assert first is not None
        assert second is not None
        assert second.value == {"text": "bye"}
        assert second.updated_at > first.updated_at
        assert len(store.search(("docs",))) == 1

    def test_an_unknown_item_is_none(self, store: BaseStore) -> None:
        store.put(("docs",), "k", {"a": 1})
        assert store.get(("docs",), "other") is None
        assert store.get(("docs", "k"), "k") is None
        assert store.get(("other",), "k") is None

    def test_a_deleted_item_is_gone_and_deleting_again_does_nothing(self, store: BaseStore) -> None:
        store.put(("docs",), "k", {"text": "hello"})
        store.delete(("docs",), "k")
        store.delete(("docs",), "k")
        assert store.get(("docs",), "k") is None
        assert store.search(("docs",)) == store.search((), query="hello") == []

    @pytest.mark.parametrize("namespace", [(), ("",), ("a.b",), ("langgraph", "a"), ("a", 1)])
    def test_a_namespace_that_is_none_is_refused(self, store: BaseStore, namespace: Any) -> None:
        with pytest.raises(InvalidNamespaceError):
            store.put(namespace, "k", {"a": 1})

    def test_namespaces_and_keys_may_hold_any_other_sign(self, store: BaseStore) -> None:
        names = [
            "a b",
            "a/b",
            "a#b",
            "a%2Eb",
            "a%",
            "é🔑",
            "a:b",
            "*",
            "langgraph",
            "~2",
            "\n",
            " ",
        ]
        for namespace in names:
            for key in [*names, "a.b"]:
                store.put(("root", namespace), key, {"is": [namespace, key]})
        for namespace in names:
            for key in [*names, "a.b"]:
                item = store.get(("root", namespace), key)
                assert item is not None
                assert (item.namespace, item.key) == (("root", namespace), key)
                assert item.value == {"is": [namespace, key]}
        assert store.list_namespaces() == sorted(("root", name) for name in names)


class TestBatches:
    def test_results_come_in_the_order_of_the_operations(self, store: BaseStore) -> None:
        store.put(("test", "foo"), "key1", {"data": "value1"})
        store.put(("test", "bar"), "key2", {"data": "value2"})
        got, put, found, names, nothing = store.batch(
            [
                GetOp(("test", "foo"), "key1"),
                PutOp(("test", "bar"), "key2", {"data": "new"}),
                SearchOp(("test",), filter={"data": "value1"}),
                ListNamespacesOp(),
                GetOp(("test",), "key3"),
            ]
        )
        assert isinstance(got, Item)
        assert got.value == {"data": "value1"}
        assert put is nothing is None
        assert isinstance(found, list)
        assert [each.key for each in found if isinstance(each, SearchItem)] == ["key1"]
        assert names == [("test", "bar"), ("test", "foo")]

    def test_reads_of_a_batch_see_what_was_there_before_it(self, store: BaseStore) -> None:
        got, found, _, later = store.batch(
            [
                GetOp(("test",), "k"),
                SearchOp(("test",)),
                PutOp(("test",), "k", {"a": 1}),
                GetOp(("test",), "k"),
            ]
        )
        assert (got, found, later) == (None, [], None)
        assert store.get(("test",), "k") is not None

    def test_of_several_writes_to_one_item_the_last_counts(self, store: BaseStore) -> None:
        store.put(("test",), "gone", {"a": 0})
        store.batch(
            [
                PutOp(("test",), "k", {"a": 1}),
                PutOp(("test",), "gone", {"a": 1}),
                PutOp(("test",), "k", {"a": 2}),
                PutOp(("test",), "gone", None),
            ]
        )
        assert [(item.key, item.value) for item in store.search(("test",))] == [("k", {"a": 2})]

    def test_an_empty_batch_does_nothing(self, store: BaseStore) -> None:
        assert store.batch([]) == []

    def test_all_operations_have_an_asynchronous_face(self, store: BaseStore) -> None:
        async def use() -> None:
            await store.aput(("test",), "k", {"text": "hello"})
            item = await store.aget(("test",), "k")
            assert item is not None
            assert item.value == {"text": "hello"}
            assert keys(await store.asearch(("test",), query="hello")) == ["k"]
            assert await store.alist_namespaces() == [("test",)]
            await store.adelete(("test",), "k")
            assert await store.aget(("test",), "k") is None

        asyncio.run(use())

    def test_concurrent_writes_all_arrive(self, store: BaseStore) -> None:
        async def use() -> None:
            await asyncio.gather(*(store.aput(("test",), f"k{i}", {"i": i}) for i in range(20)))
            await asyncio.gather(*(store.aput(("test",), f"k{i}", {"i": -i}) for i in range(20)))

        asyncio.run(use())
        values = [item.value["i"] for item in store.search(("test",), limit=100)]
        assert sorted(values) == sorted(-i for i in range(20))


class TestListing:
    @pytest.fixture(autouse=True)
    def _filled(self, store: BaseStore) -> None:
        for i, namespace in enumerate(TREE):
            store.put(namespace, f"id_{i}", {"data": f"value_{i:02d}"})

    @pytest.mark.parametrize(
        "question",
        [
            {},
            {"prefix": ("a", "b")},
            {"suffix": ("f",)},
            {"prefix": ("a",), "suffix": ("f",)},
            {"prefix": ("a", "b"), "max_depth": 3},
            {"max_depth": 1},
            {"prefix": ("a", "b"), "limit": 2},
            {"prefix": ("a", "b"), "offset": 2},
            {"limit": 3, "offset": 4},
            {"offset": 100},
            {"prefix": ("a", "*", "f")},
            {"suffix": ("*", "f")},
            {"prefix": ("*", "users"), "suffix": ("*", "settings")},
            {"prefix": ("nonexistent",)},
            {"prefix": ("users", "123", "too", "deep")},
            {"prefix": ("users", "123")},
        ],
        ids=str,
    )
    def test_namespaces_are_listed_as_langgraph_lists_them(
        self, store: BaseStore, question: dict[str, Any]
    ) -> None:
        reference = InMemoryStore()
        for namespace in TREE:
            reference.put(namespace, "k", {})
        assert store.list_namespaces(**question) == reference.list_namespaces(**question)

    def test_a_condition_may_be_given_as_an_operation(self, store: BaseStore) -> None:
        condition = MatchCondition("suffix", ("settings",))
        [found] = store.batch([ListNamespacesOp(match_conditions=(condition,), max_depth=2)])
        assert found == [("users", "456")]


class TestFilters:
    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            ({"color": "red"}, "ac"),
            ({"color": "red", "score": {"$gt": 5}}, "c"),
            ({"color": {"$eq": "red"}}, "ac"),
            ({"color": {"$ne": "red"}}, "bd"),
            ({"score": {"$gte": 10}}, "cd"),
            ({"score": {"$gt": 9.5}}, "cd"),
            ({"score": {"$lt": 10}}, "ab"),
            ({"score": {"$lte": 9.5}}, "ab"),
            ({"score": {"$gt": 2, "$lt": 11}}, "bc"),
            ({"score": 2.0}, "a"),
            ({"tags": ["x", "y"]}, "a"),
            ({"tags": ["y", "x"]}, ""),
            ({"tags": []}, "c"),
            ({"tags": "x"}, ""),
            ({"tags": [{"n": 1}]}, "d"),
            ({"on": True}, "a"),
            ({"on": False}, "b"),
            ({"at": {"x": 1}}, "ab"),
            ({"at": {"x": 1, "y": 2}}, "a"),
            ({"at": {"x": {"$ne": 1}}}, "cd"),
            ({"a.b": 1}, "d"),
            ({"missing": 1}, ""),
            ({"missing": {"$ne": 1}}, "abcd"),
            ({"missing": None}, "abcd"),
            ({}, "abcd"),
        ],
    )
    @pytest.mark.parametrize("query", [None, "red"])
    def test_a_filter_finds_what_langgraph_finds(
        self, store: BaseStore, wanted: dict[str, Any], expected: str, query: str | None
    ) -> None:
        for key, value in SCORED.items():
            store.put(("test",), key, value)
        found = store.search(("test",), filter=wanted, query=query)
        assert "".join(sorted(keys(found))) == expected

    def test_an_unknown_operator_is_refused(self, store: BaseStore) -> None:
        store.put(("test",), "k", {"a": 1})
        with pytest.raises(ValueError, match=r"\$like"):
            store.search(("test",), filter={"a": {"$like": 1}})


class TestSearch:
    def test_a_prefix_takes_what_is_in_it_and_below(self, store: BaseStore) -> None:
        for namespace in (
            ("a",),
            ("a", "b"),
            ("a", "b", "c"),
            ("ab",),
            ("a b",),
            ("a-",),
            ("b", "a"),
        ):
            store.put(namespace, "/".join(namespace), {"text": "tea"})
        for query in (None, "tea"):
            found = keys(store.search(("a",), query=query))
            assert sorted(found) == ["a", "a/b", "a/b/c"]
            assert sorted(keys(store.search(("a", "b"), query=query))) == ["a/b", "a/b/c"]
            assert len(store.search((), query=query)) == 7

    def test_the_nearest_item_comes_first_with_the_highest_score(self, store: BaseStore) -> None:
        store.put(("test",), "doc1", {"text": "zany zebra Xerxes"})
        store.put(("test",), "doc2", {"text": "something about dogs"})
        store.put(("test",), "doc3", {"text": "words about birds"})
        found = store.search(("test",), query="Zany Xerxes")
        assert keys(found)[0] == "doc1"
        scores = [item.score for item in found]
        assert all(score is not None for score in scores)
        assert scores == sorted(scores, key=lambda score: -(score or 0.0))

    def test_a_value_that_was_replaced_is_found_by_its_new_words(self, store: BaseStore) -> None:
        store.put(("test",), "doc1", {"text": "zany zebra Xerxes"})
        store.put(("test",), "doc2", {"text": "words about birds"})
        before = store.search(("test",), query="zany zebra Xerxes")[0]
        store.put(("test",), "doc1", {"text": "something about dogs"})
        after = {item.key: item.score for item in store.search(("test",), query="zany zebra")}
        assert (before.key, before.score is not None) == ("doc1", True)
        assert (after["doc1"] or 0.0) < (before.score or 0.0)
        assert keys(store.search(("test",), query="dogs"))[0] == "doc1"

    def test_without_a_query_there_are_no_scores(self, store: BaseStore) -> None:
        store.put(("test",), "k", {"text": "tea"})
        for query in (None, ""):
            [found] = store.search(("test",), query=query)
            assert found.score is None

    def test_a_query_and_a_filter_go_together(self, store: BaseStore) -> None:
        for key, text, color, score in (
            ("doc1", "red apple", "red", 4.5),
            ("doc2", "red car", "red", 3.0),
            ("doc3", "green apple", "green", 4.0),
            ("doc4", "blue car", "blue", 3.5),
        ):
            store.put(("test",), key, {"text": text, "color": color, "score": score})
        assert keys(store.search(("test",), query="apple", filter={"color": "red"})) == [
            "doc1",
            "doc2",
        ]
        assert keys(store.search(("test",), query="car", filter={"color": "red"})) == [
            "doc2",
            "doc1",
        ]
        found = store.search(("test",), query="blue", filter={"score": {"$gt": 3.2}})
        assert (len(found), found[0].key) == (3, "doc4")
        found = store.search(
            ("test",), query="car", filter={"score": {"$gte": 4}, "color": "green"}
        )
        assert keys(found) == ["doc3"]

    @pytest.mark.parametrize("query", [None, "document"])
    def test_pages_follow_each_other(self, store: BaseStore, query: str | None) -> None:
        for i in range(25):
            store.put(("test",), f"doc{i:02}", {"text": f"document number {i}", "even": i % 2 == 0})
        assert len(store.search(("test",), query=query)) == 10
        pages = [store.search(("test",), query=query, limit=4, offset=n) for n in range(0, 28, 4)]
        together = [key for page in pages for key in keys(page)]
        assert [len(page) for page in pages] == [4, 4, 4, 4, 4, 4, 1]
        assert len(set(together)) == 25
        even = store.search(("test",), query=query, filter={"even": {"$ne": True}}, limit=50)
        assert len(even) == 12
        assert store.search(("test",), query=query, limit=0) == []

    def test_an_item_that_is_not_indexed_is_listed_and_not_found(self, store: BaseStore) -> None:
        for i in range(3):
            store.put(("test",), f"k{i}", {"text": f"dogs and {i} birds"})
        store.put(("test",), "hidden", {"text": "dogs"}, index=False)
        assert "hidden" not in keys(store.search(("test",), query="dogs", limit=3))
        assert "hidden" in keys(store.search(("test",)))
        item = store.get(("test",), "hidden")
        assert item is not None
        assert item.value == {"text": "dogs"}

    def test_an_item_is_found_by_the_fields_that_are_indexed(self, store: BaseStore) -> None:
        doc3 = {"key0": "apple", "key1": "bread", "nested": {"list": [{"x": "plum"}, {"x": "fig"}]}}
        doc4 = {"key0": "melon", "key1": "bread", "key3": ["grape", "olive"]}
        store.put(("test",), "doc3", doc3, index=["key0", "nested.list[*].x"])
        store.put(("test",), "doc4", doc4, index=["key3[-1]", "missing"])
        for query, first in (
            ("apple", "doc3"),
            ("fig", "doc3"),
            ("plum", "doc3"),
            ("olive", "doc4"),
        ):
            found = store.search(("test",), query=query)
            assert found[0].key == first, query
            assert (found[0].score or 0.0) > (found[1].score or 0.0), query

    @pytest.mark.parametrize("query", ["test " * 100, "test!@#$%^&*()", "«тест» 测试 🔑", "\x00"])
    def test_any_query_can_be_asked(self, store: BaseStore, query: str) -> None:
        store.put(("test",), "k", {"text": "test document"})
        assert keys(store.search(("test",), query=query)) == ["k"]

    def test_every_script_is_found(self, store: BaseStore) -> None:
        texts = ["这是中文", "これは日本語です", "이건 한국어야", "Это русский", "यह हिन्दी है"]
        for i, text in enumerate(texts):
            store.put(("test",), str(i), {"text": text})
        for i, text in enumerate(texts):
            assert keys(store.search(("test",), query=text))[0] == str(i)


class TestOurs:
    def test_items_are_there_after_a_restart(self, memory: Memory, ours: RememStore) -> None:
        for i, value in enumerate(VALUES):
            ours.put(("docs", "a.b".replace(".", "/")), str(i), value)
        before = ours.search(("docs",))
        memory.close()
        with Memory(memory.url, "ana", encoder=HashEncoder()) as again:
            assert RememStore(again).search(("docs",)) == before

    def test_a_put_keeps_when_an_item_was_created(self, ours: RememStore) -> None:
        ours.put(("docs",), "k", {"a": 1})
        first = ours.get(("docs",), "k")
        ours.put(("docs",), "k", {"a": 2})
        second = ours.get(("docs",), "k")
        assert first is not None
        assert second is not None
        assert second.created_at == first.created_at

    def test_items_are_recalled_on_every_other_way(self, memory: Memory, ours: RememStore) -> None:
        ours.put(("users", "ana"), "food", {"likes": ["plum cake", "tea"], "since": {"year": 2024}})
        [found] = memory.search("plum")
        assert found.record.text == "likes: plum cake\nlikes: tea\nsince.year: 2024"
        assert memory.count(F("metadata.langgraph.value.since.year") >= 2024) == 1

    def test_other_memories_are_no_items(self, memory: Memory, ours: RememStore) -> None:
        memory.add("tea")
        memory.add("tea", source="langgraph/odd", key="langgraph/odd#k")
        assert ours.search(()) == ours.search((), query="tea") == []
        assert ours.get(("odd",), "k") is None

    def test_namespaces_of_a_memory_have_stores_of_their_own(self, memory: Memory) -> None:
        ana, ben = RememStore(memory), RememStore(memory.in_namespace("ben"))
        ana.put(("docs",), "k", {"of": "ana"})
        ben.put(("docs",), "k", {"of": "ben"})
        ana.delete(("docs",), "k")
        assert ana.search(()) == []
        assert [item.value for item in ben.search(())] == [{"of": "ben"}]

    def test_the_fields_to_index_can_be_chosen_once(self, memory: Memory) -> None:
        chosen = RememStore(memory, index=["title", "tags[*]"])
        chosen.put(("docs",), "k", {"title": "tea", "tags": ["hot", "green"], "body": "secret"})
        chosen.put(("docs",), "none", {"body": "secret"})
        assert [one.record.text for one in memory.search("secret")] == ["tea\nhot\ngreen"]
        assert sorted(keys(chosen.search(("docs",)))) == ["k", "none"]

    def test_a_filter_that_compares_unlike_values_finds_nothing(self, ours: RememStore) -> None:
        ours.put(("docs",), "k", {"a": "x", "n": None})
        for wanted in ({"a": {"$gt": 1}}, {"n": {"$lt": 1}}, {"missing": {"$gte": 0}}):
            assert ours.search(("docs",), filter=wanted) == []

    def test_a_narrow_filter_finds_its_item_among_many(self, ours: RememStore) -> None:
        ours.batch([PutOp(("docs",), f"k{i}", {"text": "tea", "i": i}) for i in range(200)])
        found = ours.search(("docs",), query="tea", filter={"i": {"$ne": 0, "$lt": 2}}, limit=1)
        assert keys(found) == ["k1"]

    @pytest.mark.parametrize("value", [{"a": {1}}, {"a": float("nan")}, {"a": object()}, {1: 2}])
    def test_a_value_that_is_not_json_is_refused_and_its_batch_with_it(
        self, ours: RememStore, value: Any
    ) -> None:
        ours.put(("docs",), "k", {"a": 0})
        with pytest.raises(InvalidInput):
            ours.batch([PutOp(("docs",), "other", {"a": 1}), PutOp(("docs",), "k", value)])
        assert [(item.key, item.value) for item in ours.search(())] == [("k", {"a": 0})]

    def test_an_operation_that_does_not_exist_is_refused(self, ours: RememStore) -> None:
        with pytest.raises(InvalidInput, match="str"):
            ours.batch(["get"])  # type: ignore[list-item]

    def test_a_graph_remembers_across_threads(self, memory: Memory) -> None:
        class State(TypedDict):
            text: str

        def note(state: State, *, store: BaseStore) -> State:
            found = store.search(("notes",), query=state["text"])
            store.put(("notes",), state["text"], {"text": state["text"]})
            return {"text": " | ".join(item.value["text"] for item in found)}

        builder = StateGraph(State)
        builder.add_node("note", note)
        builder.add_edge(START, "note")
        graph = builder.compile(store=RememStore(memory))
        assert graph.invoke({"text": "The key is under the pot."}) == {"text": ""}
        assert graph.invoke({"text": "Where is the key?"}) == {"text": "The key is under the pot."}


class TestTimeToLive:
    """Minutes pass on a clock of the test's."""

    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[datetime]]:
        times = [datetime.now(timezone.utc)]
        monkeypatch.setattr(store_module, "_now", lambda: times[0])
        return times

    def pass_time(self, clock: list[datetime], minutes: float) -> None:
        clock[0] += timedelta(minutes=minutes)

    def test_an_item_expires(self, ours: RememStore, clock: list[datetime]) -> None:
        ours.put(("docs",), "k", {"text": "tea"}, ttl=10)
        ours.put(("docs",), "hidden", {"text": "tea"}, index=False, ttl=10)
        ours.put(("docs",), "stays", {"text": "tea"})
        self.pass_time(clock, 11)
        assert ours.get(("docs",), "k") is None
        assert keys(ours.search(("docs",))) == keys(ours.search((), query="tea")) == ["stays"]

    def test_reading_lets_an_item_live_on(self, ours: RememStore, clock: list[datetime]) -> None:
        ours.put(("docs",), "k", {"text": "tea"}, ttl=10)
        for _ in range(3):
            self.pass_time(clock, 8)
            assert ours.get(("docs",), "k") is not None
            self.pass_time(clock, 8)
            assert keys(ours.search(("docs",), query="tea")) == ["k"]

    def test_reading_brings_back_nothing_that_changed_meanwhile(
        self, memory: Memory, ours: RememStore, clock: list[datetime]
    ) -> None:
        """What a reader read is replaced, or deleted, before the reader lets it live on."""
        for key in ("replaced", "deleted"):
            ours.put(("docs",), key, {"text": "old"}, ttl=10)
        read = list(memory.scan())
        ours.put(("docs",), "replaced", {"text": "new"}, ttl=10)
        ours.delete(("docs",), "deleted")
        ours._refresh(read, refresh=True)
        assert [item.value for item in ours.search(("docs",))] == [{"text": "new"}]

    def test_a_reader_may_leave_the_time_as_it_is(
        self, ours: RememStore, clock: list[datetime]
    ) -> None:
        ours.put(("docs",), "k", {"text": "tea"}, ttl=10)
        self.pass_time(clock, 8)
        assert ours.get(("docs",), "k", refresh_ttl=False) is not None
        assert len(ours.search(("docs",), refresh_ttl=False)) == 1
        self.pass_time(clock, 3)
        assert ours.get(("docs",), "k") is None

    def test_a_store_has_a_default(self, memory: Memory, clock: list[datetime]) -> None:
        store = RememStore(memory, ttl={"default_ttl": 10, "refresh_on_read": False})
        store.put(("docs",), "k", {"text": "tea"})
        store.put(("docs",), "forever", {"text": "tea"}, ttl=None)
        self.pass_time(clock, 6)
        assert len(store.search(())) == 2
        self.pass_time(clock, 6)
        assert keys(store.search(())) == ["forever"]

    def test_a_put_without_a_time_makes_an_item_stay(
        self, ours: RememStore, clock: list[datetime]
    ) -> None:
        ours.put(("docs",), "k", {"text": "tea"}, ttl=10)
        ours.put(("docs",), "k", {"text": "tea"})
        self.pass_time(clock, 11)
        assert ours.get(("docs",), "k") is not None

    def test_expired_items_are_swept_and_their_namespaces_with_them(
        self, memory: Memory, ours: RememStore, clock: list[datetime]
    ) -> None:
        ours.put(("old",), "k", {"text": "tea"}, ttl=10)
        ours.put(("new",), "k", {"text": "tea"}, ttl=30)
        self.pass_time(clock, 11)
        assert ours.list_namespaces() == [("new",)]
        assert memory.count() == 1
        self.pass_time(clock, 30)
        assert ours.sweep_ttl() == 1
        assert ours.sweep_ttl() == memory.count() == 0

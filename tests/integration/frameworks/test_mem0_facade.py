"""mem0's ``Memory`` over remem: its signatures, its results, its scopes."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from remem import Memory
from remem.attach.frameworks import mem0
from remem.store import InvalidInput
from remem.testing import HashEncoder

CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "The spare key is under the pot.", "name": "Ana"},
    {"role": "assistant", "content": "Noted."},
]


@pytest.fixture
def facade(memory: Memory) -> mem0.Memory:
    return mem0.Memory(memory)


def texts(found: dict[str, Any]) -> list[str]:
    return [each["memory"] for each in found["results"]]


def added(result: dict[str, Any]) -> str:
    [one] = result["results"]
    return str(one["id"])


class TestSignatures:
    """Compared with the mem0 that is installed; its tests need its package, ours does not."""

    NOT_IN_REMEM = {  # noqa: RUF012
        "chat": "raises NotImplementedError in mem0",
        "entity_store": "an index of mem0's own",
        "project": "refuses everything in mem0's open source",
    }

    @pytest.fixture(params=["Memory", "AsyncMemory"])
    def classes(self, request: pytest.FixtureRequest) -> tuple[type, type]:
        main = pytest.importorskip("mem0.memory.main", reason="mem0ai is in the extra 'peers'")
        return getattr(main, request.param), getattr(mem0, request.param)

    @staticmethod
    def public(of: type) -> set[str]:
        return {name for name in dir(of) if not name.startswith("_")}

    def test_every_public_method_is_there(self, classes: tuple[type, type]) -> None:
        theirs, ours = classes
        assert self.public(theirs) - self.public(ours) == self.NOT_IN_REMEM.keys()

    def test_every_argument_is_there_with_its_default(self, classes: tuple[type, type]) -> None:
        theirs, ours = classes
        compared = 0
        for name in self.public(theirs) & self.public(ours):
            wanted = inspect.signature(getattr(theirs, name)).parameters
            given = inspect.signature(getattr(ours, name)).parameters
            for parameter in wanted.values():
                if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                    continue  # mem0 takes any other argument and ignores it
                mine = given[parameter.name]
                assert mine.kind == parameter.kind, (name, parameter.name)
                if parameter.default is None or isinstance(parameter.default, (int, float, str)):
                    assert mine.default == parameter.default, (name, parameter.name)
                compared += 1
            extra = [given[each] for each in given.keys() - wanted.keys()]
            assert all(each.default is not inspect.Parameter.empty for each in extra), name
            assert inspect.iscoroutinefunction(getattr(ours, name)) == inspect.iscoroutinefunction(
                getattr(theirs, name)
            ), name
        assert compared > 40

    def test_positional_arguments_come_in_the_same_order(self, classes: tuple[type, type]) -> None:
        theirs, ours = classes
        for name in self.public(theirs) & self.public(ours):
            orders = [
                [
                    parameter.name
                    for parameter in inspect.signature(getattr(of, name)).parameters.values()
                    if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
                ]
                for of in (theirs, ours)
            ]
            assert orders[0] == orders[1], name

    def test_a_result_has_the_fields_of_mem0(self, facade: mem0.Memory) -> None:
        base = pytest.importorskip("mem0.configs.base", reason="mem0ai is in the extra 'peers'")
        fields = set(base.MemoryItem.model_fields)
        memory_id = added(facade.add("tea", user_id="ana"))
        shown = facade.get(memory_id)
        assert shown is not None
        assert fields <= shown.keys()
        [found] = facade.search("tea", filters={"user_id": "ana"})["results"]
        assert fields <= found.keys()
        [listed] = facade.get_all(filters={"user_id": "ana"})["results"]
        assert fields - {"score"} <= listed.keys()


class TestAdding:
    def test_messages_are_kept_word_for_word(self, facade: mem0.Memory) -> None:
        result = facade.add(CHAT, user_id="ana", metadata={"topic": "house"})
        assert [
            (each["memory"], each["event"], each["role"], each["actor_id"])
            for each in result["results"]
        ] == [
            ("The spare key is under the pot.", "ADD", "user", "Ana"),
            ("Noted.", "ADD", "assistant", None),
        ]
        shown = facade.get(result["results"][0]["id"])
        assert shown is not None
        stored, updated = (
            datetime.fromisoformat(shown.pop(n)) for n in ("created_at", "updated_at")
        )
        assert datetime.now(timezone.utc) - timedelta(minutes=1) < stored <= updated
        assert shown == {
            "id": result["results"][0]["id"],
            "memory": "The spare key is under the pot.",
            "hash": hashlib.md5(b"The spare key is under the pot.").hexdigest(),
            "metadata": {"topic": "house"},
            "score": None,
            "user_id": "ana",
            "actor_id": "Ana",
            "role": "user",
        }

    def test_a_text_and_a_single_message_can_be_added(self, facade: mem0.Memory) -> None:
        facade.add("tea", user_id="ana")
        facade.add({"role": "assistant", "content": "plum"}, user_id="ana", infer=False)
        assert sorted(texts(facade.get_all(filters={"user_id": "ana"}))) == ["plum", "tea"]

    def test_the_same_text_again_is_another_memory(self, facade: mem0.Memory) -> None:
        assert added(facade.add("tea", user_id="ana")) != added(facade.add("tea", user_id="ana"))
        assert texts(facade.get_all(filters={"user_id": "ana"})) == ["tea", "tea"]

    def test_messages_of_a_run_are_a_session(self, facade: mem0.Memory, memory: Memory) -> None:
        facade.add(CHAT, user_id="ana", agent_id="bot", run_id="r1")
        facade.add("Where?", user_id="ana", agent_id="bot", run_id="r1")
        said = memory.in_namespace("ana").last("mem0/bot/r1", 9)
        assert [turn.position for turn in said] == [0, 1, 2]

    @pytest.mark.parametrize(
        "timestamp",
        [datetime(2024, 5, 1, 12), "2024-05-01T12:00:00Z", "2024-05-01T14:00:00+02:00", 1714564800],
    )
    def test_it_can_be_said_when_something_was_said(
        self, facade: mem0.Memory, timestamp: Any
    ) -> None:
        shown = facade.get(added(facade.add("tea", user_id="ana", timestamp=timestamp)))
        assert shown is not None
        assert shown["created_at"] == "2024-05-01T12:00:00+00:00"

    def test_metadata_cannot_say_whose_a_memory_is(self, facade: mem0.Memory) -> None:
        forged = {"user_id": "ben", "run_id": "r", "topic": "tea"}
        shown = facade.get(added(facade.add("tea", user_id="ana", metadata=forged)))
        assert shown is not None
        assert (shown["user_id"], shown["metadata"], "run_id" in shown) == (
            "ana",
            {"topic": "tea"},
            False,
        )

    @pytest.mark.parametrize(
        "arguments",
        [
            {},
            {"user_id": " "},
            {"user_id": "a b"},
            {"user_id": "ana", "memory_type": "procedural_memory"},
            {"user_id": "ana", "timestamp": "soon"},
            {"user_id": "ana", "expiration_date": "soon"},
        ],
    )
    def test_what_cannot_be_meant_is_refused(
        self, facade: mem0.Memory, memory: Memory, arguments: dict[str, Any]
    ) -> None:
        with pytest.raises(ValueError, match=r"\w+"):
            facade.add("tea", **arguments)
        assert memory.namespaces() == []

    @pytest.mark.parametrize("messages", [7, [7], [{"role": "user", "content": 7}]])
    def test_messages_of_another_form_are_refused(self, facade: mem0.Memory, messages: Any) -> None:
        with pytest.raises(InvalidInput):
            facade.add(messages, user_id="ana")


class TestScopes:
    @pytest.fixture(autouse=True)
    def _filled(self, facade: mem0.Memory) -> None:
        for user, agent, run in (
            ("ana", None, None),
            ("ana", "bot", None),
            ("ana", "bot", "r1"),
            ("ben", "bot", "r1"),
            (None, "bot", None),
            (None, None, "r1"),
        ):
            names = {"user_id": user, "agent_id": agent, "run_id": run}
            facade.add(f"tea {user} {agent} {run}", **names)

    @pytest.mark.parametrize(
        ("scope", "count"),
        [
            ({"user_id": "ana"}, 3),
            ({"user_id": "ben"}, 1),
            ({"user_id": "nobody"}, 0),
            ({"user_id": "ana", "agent_id": "bot"}, 2),
            ({"user_id": "ana", "run_id": "r1"}, 1),
            ({"agent_id": "bot"}, 4),
            ({"run_id": "r1"}, 3),
            ({"agent_id": "bot", "run_id": "r1"}, 2),
        ],
    )
    def test_a_scope_takes_what_fulfils_all_of_it(
        self, facade: mem0.Memory, scope: dict[str, str], count: int
    ) -> None:
        listed = facade.get_all(filters=scope)["results"]
        assert len(listed) == count
        assert all(each[name] == value for each in listed for name, value in scope.items())
        found = facade.search("tea", filters=scope, threshold=0.0)
        assert sorted(texts(found)) == sorted(each["memory"] for each in listed)
        assert facade.get_all(**scope, limit=50)["results"] == listed  # type: ignore[arg-type]
        facade.delete_all(**scope)
        assert facade.get_all(filters=scope)["results"] == []

    def test_each_user_has_a_namespace(self, memory: Memory) -> None:
        assert memory.namespaces() == ["ana", "ben", "no user"]

    def test_deleting_one_scope_leaves_the_others(self, facade: mem0.Memory) -> None:
        facade.delete_all(user_id="ana", agent_id="bot")
        assert texts(facade.get_all(filters={"user_id": "ana"})) == ["tea ana None None"]
        assert len(facade.get_all(filters={"agent_id": "bot"})["results"]) == 2

    def test_a_number_names_a_user(self, facade: mem0.Memory) -> None:
        facade.add("tea", user_id=7)  # type: ignore[arg-type]
        assert texts(facade.get_all(filters={"user_id": "7"})) == ["tea"]
        assert texts(facade.search("tea", filters={"user_id": 7})) == ["tea"]

    @pytest.mark.parametrize("user", ["a:b", "a/b", "é🔑", "%3A", "ana@example.org", "~2"])
    def test_ids_lead_to_the_memory_of_any_user(self, facade: mem0.Memory, user: str) -> None:
        memory_id = added(facade.add("tea", user_id=user))
        shown = facade.get(memory_id)
        assert shown is not None
        assert (shown["id"], shown["user_id"]) == (memory_id, user)

    def test_a_scope_must_be_given(self, facade: mem0.Memory) -> None:
        for call in (
            facade.get_all,
            facade.delete_all,
            lambda: facade.search("tea"),
            lambda: facade.search("tea", filters={"topic": "tea"}),
        ):
            with pytest.raises(ValueError, match="user_id, agent_id or run_id"):
                call()

    def test_a_reset_forgets_everybody(self, facade: mem0.Memory, memory: Memory) -> None:
        facade.reset()
        assert memory.namespaces() == []


class TestSearching:
    def test_the_best_memory_comes_first(self, facade: mem0.Memory) -> None:
        for text in ("The key is under the pot.", "Rain again.", "The key is lost."):
            facade.add(text, user_id="ana")
        found = facade.search("Is the key lost?", filters={"user_id": "ana"}, threshold=0.0)
        assert texts(found)[0] == "The key is lost."
        scores = [each["score"] for each in found["results"]]
        assert scores == sorted(scores, reverse=True)
        assert all(0.0 <= score <= 1.0 for score in scores)

    def test_top_k_and_threshold_limit_what_is_found(self, facade: mem0.Memory) -> None:
        for text in ("The key is under the pot.", "Rain again.", "The key is lost."):
            facade.add(text, user_id="ana")
        scope = {"user_id": "ana"}
        everything = facade.search("Is the key lost?", filters=scope, threshold=0.0)["results"]
        for top_k in range(4):
            best = facade.search("Is the key lost?", filters=scope, top_k=top_k, threshold=0.0)
            assert best["results"] == everything[:top_k]
            same = facade.search("Is the key lost?", user_id="ana", limit=top_k, threshold=0.0)
            assert same == best
        floor = everything[0]["score"]
        assert facade.search("Is the key lost?", filters=scope, threshold=floor) == {
            "results": everything[:1]
        }

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({"topic": "tea"}, "ac"),
            ({"topic": {"eq": "tea"}}, "ac"),
            ({"topic": {"ne": "tea"}}, "bd"),
            ({"topic": {"in": ["tea", "rain"]}}, "abc"),
            ({"topic": {"nin": ["tea", "rain"]}}, "d"),
            ({"topic": "*"}, "abc"),
            ({"year": {"gt": 2022}}, "c"),
            ({"year": {"gte": 2022}}, "bc"),
            ({"year": {"lt": 2022}}, "a"),
            ({"year": {"gte": 2021, "lte": 2022}}, "ab"),
            ({"AND": [{"topic": "tea"}, {"year": {"gt": 2021}}]}, "c"),
            ({"OR": [{"topic": "rain"}, {"year": 2021}]}, "ab"),
            ({"NOT": [{"topic": "tea"}, {"topic": "rain"}]}, "d"),
            ({"role": "assistant"}, "d"),
            ({"actor_id": "Ana"}, "a"),
            ({"topic": ["tea", "rain"], "year": 2022}, "b"),
        ],
        ids=str,
    )
    def test_metadata_can_be_filtered_as_in_mem0(
        self, facade: mem0.Memory, filters: dict[str, Any], expected: str
    ) -> None:
        for message, metadata in (
            ({"role": "user", "content": "a", "name": "Ana"}, {"topic": "tea", "year": 2021}),
            ({"role": "user", "content": "b"}, {"topic": "rain", "year": 2022}),
            ({"role": "user", "content": "c"}, {"topic": "tea", "year": 2023}),
            ({"role": "assistant", "content": "d"}, {}),
        ):
            facade.add(message, user_id="ana", metadata=metadata)
        both = {"user_id": "ana"} | filters
        assert sorted(texts(facade.get_all(filters=both))) == sorted(expected)
        assert sorted(texts(facade.search("a", filters=both, threshold=0.0))) == sorted(expected)

    @pytest.mark.parametrize(
        "filters",
        [{"topic": {"contains": "x"}}, {"AND": {"a": 1}}, {"OR": ["a"]}, {"a": {"gt": []}}],
    )
    def test_a_filter_that_remem_does_not_have_is_refused(
        self, facade: mem0.Memory, filters: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidInput):
            facade.search("tea", filters={"user_id": "ana"} | filters)

    def test_a_score_can_be_explained(self, facade: mem0.Memory) -> None:
        facade.add("The key is lost.", user_id="ana")
        [found] = facade.search("key", filters={"user_id": "ana"}, explain=True)["results"]
        assert found["score_details"]["text turn"] > 0.0

    def test_a_question_is_asked_at_a_time(self, facade: mem0.Memory) -> None:
        facade.add("We had soup.", user_id="ana", timestamp="2024-05-01T12:00:00Z")
        facade.add("We had cake.", user_id="ana", timestamp="2024-05-08T12:00:00Z")
        for day, expected in (("2024-05-02", "soup"), ("2024-05-09", "cake")):
            found = facade.search(
                "What did we have yesterday?", filters={"user_id": "ana"}, reference_date=day
            )
            assert expected in texts(found)[0]

    def test_an_empty_question_is_refused(self, facade: mem0.Memory) -> None:
        with pytest.raises(ValueError, match="empty"):
            facade.search(" ", filters={"user_id": "ana"})

    def test_the_newest_memories_are_listed_first(self, facade: mem0.Memory) -> None:
        for i in range(30):
            facade.add(f"tea {i}", user_id="ana", run_id=str(i % 3))
        listed = texts(facade.get_all(filters={"user_id": "ana"}))
        assert listed == [f"tea {i}" for i in range(29, 9, -1)]
        assert len(facade.get_all(filters={"user_id": "ana"}, top_k=50)["results"]) == 30


class TestChanging:
    def test_an_update_keeps_id_and_history(self, facade: mem0.Memory) -> None:
        memory_id = added(facade.add("The code is 1234.", user_id="ana", metadata={"a": 1}))
        for text in ("The code is 5678.", "The code is 9999."):
            assert "message" in facade.update(memory_id, text)
        shown = facade.get(memory_id)
        assert shown is not None
        assert (shown["id"], shown["memory"], shown["metadata"]) == (
            memory_id,
            "The code is 9999.",
            {"a": 1},
        )
        scope = {"user_id": "ana"}
        for found in (facade.get_all(filters=scope), facade.search("code", filters=scope)):
            assert [(each["id"], each["memory"]) for each in found["results"]] == [
                (memory_id, "The code is 9999.")
            ]
        history = facade.history(memory_id)
        assert [(each["event"], each["old_memory"], each["new_memory"]) for each in history] == [
            ("ADD", None, "The code is 1234."),
            ("UPDATE", "The code is 1234.", "The code is 5678."),
            ("UPDATE", "The code is 5678.", "The code is 9999."),
        ]
        assert {each["memory_id"] for each in history} == {memory_id}
        assert len({each["id"] for each in history}) == 3

    def test_metadata_is_added_without_a_new_version(self, facade: mem0.Memory) -> None:
        memory_id = added(facade.add("tea", user_id="ana", metadata={"a": 1, "b": 1}))
        facade.update(memory_id, metadata={"b": 2, "user_id": "ben"})
        shown = facade.get(memory_id)
        assert shown is not None
        assert (shown["metadata"], shown["user_id"]) == ({"a": 1, "b": 2}, "ana")
        assert len(facade.history(memory_id)) == 1

    def test_text_has_an_old_name(self, facade: mem0.Memory) -> None:
        memory_id = added(facade.add("tea", user_id="ana"))
        facade.update(memory_id, data="plum")
        assert texts(facade.get_all(filters={"user_id": "ana"})) == ["plum"]

    def test_a_deleted_memory_is_gone_with_its_history(self, facade: mem0.Memory) -> None:
        memory_id = added(facade.add("tea", user_id="ana"))
        facade.update(memory_id, "plum")
        assert "message" in facade.delete(memory_id)
        assert facade.get(memory_id) is None
        assert facade.history(memory_id) == []
        assert facade.get_all(filters={"user_id": "ana"}) == {"results": []}

    @pytest.mark.parametrize("memory_id", ["ana:unknown", "nobody:x", "", ":", "x", 7, None])
    def test_an_unknown_id_leads_nowhere(self, facade: mem0.Memory, memory_id: Any) -> None:
        facade.add("tea", user_id="ana")
        assert facade.get(memory_id) is None
        assert facade.history(memory_id) == []
        for change in (lambda: facade.update(memory_id, "plum"), lambda: facade.delete(memory_id)):
            with pytest.raises(ValueError, match="no memory with the id"):
                change()

    def test_an_update_of_nothing_is_refused(self, facade: mem0.Memory) -> None:
        memory_id = added(facade.add("tea", user_id="ana"))
        with pytest.raises(ValueError, match="what to change"):
            facade.update(memory_id)

    def test_a_memory_is_found_until_its_last_day_is_over(self, facade: mem0.Memory) -> None:
        today = datetime.now(timezone.utc).date()
        scope = {"user_id": "ana"}
        for text, day in (("past", today - timedelta(days=1)), ("present", today + timedelta(1))):
            facade.add(text, user_id="ana", expiration_date=day)
        assert texts(facade.get_all(filters=scope)) == ["present"]
        assert texts(facade.search("past", filters=scope, threshold=0.0)) == ["present"]
        listed = facade.get_all(filters=scope, show_expired=True)["results"]
        assert {each["memory"]: each["expiration_date"] for each in listed} == {
            "past": (today - timedelta(days=1)).isoformat(),
            "present": (today + timedelta(days=1)).isoformat(),
        }
        with pytest.raises(InvalidInput):
            facade.search("past", filters=scope, show_expired=True)

    def test_a_last_day_can_be_changed_and_taken_away(self, facade: mem0.Memory) -> None:
        memory_id = added(facade.add("tea", user_id="ana", expiration_date="2020-01-01"))
        scope = {"user_id": "ana"}
        assert texts(facade.get_all(filters=scope)) == []
        facade.update(memory_id, expiration_date=date(2999, 1, 1))
        assert texts(facade.search("tea", filters=scope)) == ["tea"]
        facade.update(memory_id, expiration_date="2020-01-01")
        assert texts(facade.search("tea", filters=scope)) == []
        facade.update(memory_id, text="plum", expiration_date=None)
        [shown] = facade.search("plum", filters=scope)["results"]
        assert "expiration_date" not in shown


class TestOpening:
    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
        monkeypatch.setenv("REMEM_STORE", str(tmp_path / "default"))
        return tmp_path

    def test_without_arguments_it_is_the_store_of_the_commands(self, folder: Path) -> None:
        with mem0.Memory() as facade:
            assert facade.memory.url == str(folder / "default")

    def test_a_configuration_names_the_folder_and_what_is_of_mem0_is_not_needed(
        self, folder: Path
    ) -> None:
        config = {"remem": {"url": folder / "mine"}, "llm": {"provider": "openai", "config": {}}}
        with mem0.Memory.from_config(config) as facade:
            assert facade.memory.url == str(folder / "mine")
        with mem0.Memory.from_config({"llm": {}}) as facade:
            assert facade.memory.url == str(folder / "default")

    def test_an_unknown_setting_is_refused(self, folder: Path) -> None:
        with pytest.raises(InvalidInput, match="path"):
            mem0.Memory.from_config({"remem": {"path": "x"}})

    def test_memories_are_there_after_a_restart(self, memory: Memory) -> None:
        memory_id = added(mem0.Memory(memory).add("tea", user_id="ana"))
        memory.close()
        with mem0.Memory(Memory(memory.url, encoder=HashEncoder())) as again:
            shown = again.get(memory_id)
        assert shown is not None
        assert shown["memory"] == "tea"


def test_all_of_it_can_be_awaited(memory: Memory) -> None:
    async def use() -> None:
        async with mem0.AsyncMemory(memory) as facade:
            memory_id = added(await facade.add("tea", user_id="ana"))
            scope = {"user_id": "ana"}
            await facade.update(memory_id, "plum")
            assert texts(await facade.search("plum", filters=scope)) == ["plum"]
            assert texts(await facade.get_all(filters=scope)) == ["plum"]
            assert len(await facade.history(memory_id)) == 2
            await facade.delete(memory_id)
            assert await facade.get(memory_id) is None
            await asyncio.gather(*(facade.add(f"tea {i}", user_id="ana") for i in range(5)))
            await facade.delete_all(user_id="ana")
            await facade.reset()
            assert await facade.get_all(filters=scope) == {"results": []}

    asyncio.run(use())

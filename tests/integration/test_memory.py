"""What ``Memory`` promises to an application, on the default store with an encoder of words."""

from __future__ import annotations

import asyncio
import io
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from remem import AsyncMemory, F, Memory, Retriever
from remem.store import Conflict, EncoderMismatch, InvalidInput, Record
from remem.testing import HashEncoder

NOON = datetime(2024, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "store", "ana", encoder=HashEncoder()) as memory:
        yield memory


def reopened(memory: Memory) -> Memory:
    memory.close()
    return Memory(memory.url, memory.namespace, encoder=HashEncoder())


def said(*texts: str) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]


def texts(memory: Memory) -> list[str]:
    return [record.text for record in memory.scan()]


def window(memory: Memory, key: str) -> str:
    store = memory._writer.store
    return store.entries(memory.namespace, [key])[0].views["window"].text


class TestAdding:
    def test_what_was_said_comes_back_word_for_word_after_a_restart(self, memory: Memory) -> None:
        text = "  Zoë’s key:\t«42»\r\n🔑 is under\nthe pot.  "
        record = memory.add(text, speaker="Zoë", said_at=NOON, metadata={"room": ["hall", 1]})
        with reopened(memory) as again:
            found = again.get(record.key)
            assert found == record
            assert (found.text, found.speaker, found.metadata) == (
                text,
                "Zoë",
                {"room": ["hall", 1]},
            )
            assert found.said_at is not None
            assert found.said_at.isoformat() == NOON.isoformat()

    def test_the_same_text_is_remembered_once(self, memory: Memory) -> None:
        assert memory.add("Rex barks.") == memory.add("Rex barks.")
        assert memory.count() == 1

    def test_the_same_text_by_another_speaker_is_another_memory(self, memory: Memory) -> None:
        memory.add("Yes.", speaker="Ana")
        memory.add("Yes.", speaker="Ben")
        assert memory.count() == 2

    def test_a_text_without_a_time_was_said_now(self, memory: Memory) -> None:
        before = datetime.now(timezone.utc)
        said_at = memory.add("Now.").said_at
        assert said_at is not None
        assert before <= said_at <= datetime.now(timezone.utc)

    def test_a_key_keeps_its_text(self, memory: Memory) -> None:
        memory.add("one", key="k")
        with pytest.raises(Conflict, match="another text"):
            memory.add("two", key="k")
        assert texts(memory) == ["one"]

    def test_messages_may_come_as_exchange_or_as_whole_conversation(self, memory: Memory) -> None:
        memory.add_messages(said("a", "b"))
        memory.add_messages(said("c", "d"))
        added = memory.add_messages(said("a", "b", "c", "d", "e"))
        assert texts(memory) == ["a", "b", "c", "d", "e"]
        assert added.added == ("chat#4",)

    def test_an_updated_message_is_still_recognised(self, memory: Memory) -> None:
        memory.add_messages(said("a", "b"))
        memory.update("chat#1", "B")
        assert memory.add_messages(said("a", "b", "c")).added == ("chat#2",)

    def test_messages_at_a_given_place_must_say_what_is_there(self, memory: Memory) -> None:
        memory.add_messages(said("a", "b"), session="s", start=0)
        assert memory.add_messages(said("a", "b"), session="s", start=0).unchanged == ("s#0", "s#1")
        with pytest.raises(Conflict):
            memory.add_messages(said("x"), session="s", start=1)

    def test_threads_that_continue_one_session_lose_nothing(self, memory: Memory) -> None:
        def talk(name: str) -> None:
            for i in range(10):
                memory.add_messages([{"role": "user", "content": f"{name} {i}"}])

        threads = [threading.Thread(target=talk, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(texts(memory)) == sorted(f"{name} {i}" for name in "abcd" for i in range(10))
        assert [record.position for record in memory.scan()] == list(range(40))

    def test_a_document_is_remembered_by_its_passages(self, memory: Memory) -> None:
        memory.add_document("# Lease\n\n## Rent\n\nThe rent is 900 euros.\n", source="lease")
        [found] = memory.search("How much is the rent?", 1)
        assert "900 euros" in found.record.text
        assert found.record.metadata["headings"] == ["Lease", "Rent"]

    def test_a_record_that_cannot_be_stored_costs_no_encoding(self, memory: Memory) -> None:
        with pytest.raises(InvalidInput, match="empty"):
            memory.add("   ")
        with pytest.raises(InvalidInput, match="time zone"):
            memory.add("x", said_at=datetime(2024, 5, 1))
        assert memory.count() == 0


class TestRecall:
    def test_memories_are_found_by_stem_and_say_which_words_matched(self, memory: Memory) -> None:
        memory.add("Ana is training for marathons.")
        memory.add("Ben bakes bread.")
        [best, *_] = memory.search("Who trained for a marathon?")
        assert best.record.text == "Ana is training for marathons."
        assert best.words == ("training", "marathons")

    def test_a_short_answer_is_found_by_the_question_before_it(self, memory: Memory) -> None:
        memory.add_messages(said("Where do you keep the passport?", "In the blue drawer."))
        memory.add_messages(said("What about dinner?", "Pasta, as always."), session="dinner")
        found = [one.record.text for one in memory.search("passport", 2)]
        assert found == ["Where do you keep the passport?", "In the blue drawer."]

    def test_parts_are_shown_on_demand_and_add_up(self, memory: Memory) -> None:
        memory.add("Rex is a dog.")
        [explained] = memory.search("dog", explain=True)
        assert sum(explained.parts.values()) == pytest.approx(explained.score)
        assert memory.search("dog")[0].parts == {}

    def test_filters_are_objects_or_json(self, memory: Memory) -> None:
        memory.add("Rex is a dog.", speaker="Ana")
        memory.add("Rex is a cat.", speaker="Ben")
        for where in (F("speaker") == "Ben", {"speaker": "Ben"}):
            assert [one.record.speaker for one in memory.search("Rex", where=where)] == ["Ben"]

    def test_nothing_stored_is_nothing_found(self, memory: Memory) -> None:
        assert memory.search("anything") == []
        assert memory.context("anything").text == ""

    @pytest.mark.parametrize("k", [0, -3])
    def test_k_is_at_least_one(self, memory: Memory, k: int) -> None:
        with pytest.raises(InvalidInput, match="k is the number"):
            memory.search("x", k)

    def test_an_empty_question_is_refused(self, memory: Memory) -> None:
        with pytest.raises(InvalidInput, match="question is empty"):
            memory.search(" ")

    def test_an_expired_memory_is_not_recalled(self, memory: Memory) -> None:
        memory.add("The code is 1234.", expires_at=datetime.now(timezone.utc) + timedelta(hours=1))
        memory.add("The code is 9999.", expires_at=datetime.now(timezone.utc))
        assert [one.record.text for one in memory.search("code")] == ["The code is 1234."]

    def test_the_context_stays_within_its_budget(self, memory: Memory) -> None:
        for i in range(50):
            memory.add(f"Fact {i}: Rex ate {i} biscuits.")
        context = memory.context(
            "What did Rex eat?", budget=200, count_tokens=lambda t: len(t) // 3, floor=0.0
        )
        assert 0 < context.tokens <= 200
        assert "Rex ate" in context.text

    def test_what_is_less_relevant_than_the_floor_stays_out_of_the_context(
        self, memory: Memory
    ) -> None:
        memory.add("Rex ate the green biscuits.")
        [found] = memory.search("Who ate the green biscuits?")
        asked = "Who ate the green biscuits?"
        assert "biscuits" in memory.context(asked, floor=found.relevance).text
        assert memory.context(asked, floor=min(1.0, found.relevance + 0.01)).text == ""

    def test_small_talk_has_no_context(self, memory: Memory) -> None:
        memory.add("Hello, how are you?")
        assert memory.context("hello!").text == ""
        assert "Hello" in memory.context("hello!", floor=0.0).text

    @pytest.mark.parametrize("floor", [-0.1, 1.1, float("nan")])
    def test_a_floor_is_between_zero_and_one(self, memory: Memory, floor: float) -> None:
        with pytest.raises(InvalidInput, match="floor of relevance is between 0 and 1"):
            memory.context("anything", floor=floor)

    def test_yesterday_depends_on_when_the_question_is_asked(self, memory: Memory) -> None:
        memory.add("The cat had kittens.", kind="turn", said_at=NOON)
        memory.add("The dog had puppies.", kind="turn", said_at=NOON + timedelta(days=7))
        asked = "What happened yesterday?"
        for days, text in ((1, "The cat had kittens."), (8, "The dog had puppies.")):
            [best] = memory.search(asked, 1, now=NOON + timedelta(days=days))
            assert best.record.text == text

    def test_a_present_without_a_time_zone_is_refused(self, memory: Memory) -> None:
        for call in (memory.search, memory.context):
            with pytest.raises(InvalidInput, match="without a time zone; pass one"):
                call("What happened yesterday?", now=NOON.replace(tzinfo=None))

    def test_namespaces_do_not_see_each_other(self, memory: Memory) -> None:
        memory.add("Ana's secret.")
        other = memory.in_namespace("ben")
        other.add("Ben's secret.")
        assert [one.record.text for one in other.search("secret")] == ["Ben's secret."]
        assert memory.namespaces() == ["ana", "ben"]


class TestChanging:
    def test_an_update_keeps_the_history_and_recalls_the_newest(self, memory: Memory) -> None:
        memory.add("Rex is four.", key="age")
        memory.update("age", "Rex is five.")
        newest = memory.update("age", "Rex is six.")
        assert newest.key == "age~3"
        assert [record.text for record in memory.history("age~2")] == [
            "Rex is four.",
            "Rex is five.",
            "Rex is six.",
        ]
        assert [one.record.text for one in memory.search("How old is Rex?")] == ["Rex is six."]

    def test_an_update_that_says_the_same_changes_nothing(self, memory: Memory) -> None:
        record = memory.add("Rex is four.", key="age")
        assert memory.update("age", "Rex is four.") == record

    def test_an_unknown_key_cannot_be_updated(self, memory: Memory) -> None:
        with pytest.raises(InvalidInput, match="no memory has the key"):
            memory.update("nope", "x")

    def test_deleting_takes_all_versions_along(self, memory: Memory) -> None:
        memory.add("one", key="k")
        memory.update("k", "two")
        assert memory.delete("k") == 2
        assert memory.count() == 0
        assert memory.delete("k") == 0

    def test_a_record_put_in_place_of_another_leaves_nothing_of_it(self, memory: Memory) -> None:
        memory.add_messages(said("hello", "quince", "bye"))
        [_, quince, _] = memory.scan()
        memory.put_records([replace(quince, text="apple", metadata={"a": 1})])
        assert memory.history("chat#1") == [memory.get("chat#1")]
        assert texts(memory) == ["hello", "apple", "bye"]
        assert memory.count(F("metadata.a") == 1) == 1
        for key in ("chat#0", "chat#1", "chat#2"):
            assert window(memory, key) == "hello\napple\nbye"

    def test_a_record_can_be_put_where_there_was_none(self, memory: Memory) -> None:
        memory.put_records([Record("k", "notes", 0, "one")])
        assert texts(memory) == ["one"]

    def test_records_are_put_all_at_once_or_not_at_all(self, memory: Memory) -> None:
        memory.add("one", key="k")
        with pytest.raises(InvalidInput):
            memory.put_records([Record("k", "notes", 0, "two"), Record("new", "notes", 1, " ")])
        assert texts(memory) == ["one"]

    def test_only_the_metadata_of_a_record_can_be_put_anew(self, memory: Memory) -> None:
        memory.add_messages(said("hello", "quince", "bye"))
        [_, quince, _] = memory.scan()
        memory.put_records([replace(quince, metadata={"a": 1})])
        assert window(memory, "chat#1") == "hello\nquince\nbye"
        assert memory.get("chat#1") == replace(quince, metadata={"a": 1})

    def test_windows_follow_what_is_added_updated_and_deleted(self, memory: Memory) -> None:
        memory.add_messages(said("a", "b"))
        assert window(memory, "chat#0") == "a\nb"
        memory.add_messages(said("c"))
        assert window(memory, "chat#0") == "a\nb\nc"
        memory.update("chat#1", "B")
        assert window(memory, "chat#0") == "a\nB\nc"
        memory.delete("chat#1")
        assert window(memory, "chat#0") == "a\nc"

    def test_batches_of_an_import_join_their_windows(self, memory: Memory) -> None:
        records = [Record(f"s#{i}", "s", i, f"word{i}") for i in range(600)]
        memory.add_records(records)
        for i in range(250, 262):  # a batch ends at 256
            neighbours = window(memory, f"s#{i}").split("\n")
            assert neighbours == [record.text for record in records[i - 8 : i + 9]]

    def test_what_is_forgotten_is_gone_from_every_file(self, memory: Memory) -> None:
        memory.add_messages(said("my pin is xylophone", "noted", "thanks"))
        memory.update("chat#0", "my pin is zugzwang now")
        assert memory.search("xylophone zugzwang")
        assert memory.forget(F("role") == "user") == 3
        files = [path for path in Path(memory.url).rglob("*") if path.is_file()]
        for word in ("xylophone", "zugzwang"):
            assert not [path for path in files if word.encode() in path.read_bytes()]
        assert texts(memory) == ["noted"]
        assert window(memory, "chat#1") == "noted"

    def test_a_key_that_looks_like_a_version_is_none(self, memory: Memory) -> None:
        memory.add("one", key="a")
        memory.add("unrelated", key="a~2")
        assert memory.update("a", "one, corrected").key == "a~3"
        assert [record.key for record in memory.history("a~3")] == ["a", "a~3"]
        assert memory.delete("a") == 2
        assert texts(memory) == ["unrelated"]

    def test_a_memory_whose_key_ends_like_a_version_has_a_history(self, memory: Memory) -> None:
        memory.add("one", key="draft~2")
        memory.update("draft~2", "two")
        memory.update("draft~2", "three")
        assert [record.text for record in memory.history("draft~4")] == ["one", "two", "three"]
        assert memory.forget(F("key") == "draft~2") == 3

    def test_a_memory_of_a_thousand_versions_is_forgotten_whole(self, memory: Memory) -> None:
        memory.add_records(
            Record(
                "k" if i == 1 else f"k~{i}",
                "notes",
                i,
                f"version {i}",
                kind="note",
                superseded_by=f"k~{i + 1}" if i < 999 else None,
            )
            for i in range(1, 1000)
        )
        for i in (1000, 1001):
            present = memory.update("k", f"version {i}").key
        assert len(memory.history(present)) == 1001
        assert memory.forget(F("key") == present) == 1001
        assert memory.count() == 0

    def test_the_passages_that_a_document_lost_are_history_of_those_that_replaced_them(
        self, memory: Memory
    ) -> None:
        memory.add_document("# Lease\n\nThe rent is 450.\n\n# Pets\n\nNo dogs.\n", source="lease")
        memory.add_document("# Lease\n\nThe rent is 500. No pets.\n", source="lease")
        [present] = [record for record in memory.scan() if record.superseded_by is None]
        versions = memory.history(present.key)
        assert len(versions) == memory.count() > 1
        assert versions[-1] == present
        assert memory.delete(present.key) == len(versions)
        assert memory.count() == 0

    def test_a_message_is_recognised_after_many_updates(self, memory: Memory) -> None:
        memory.add_messages(said("a", "b"))
        memory.put_records(
            [
                Record("chat#1", "chat", 1, "b", role="assistant", superseded_by="chat#1~1000"),
                Record("chat#1~1000", "chat", 1, "B", role="assistant"),
            ]
        )
        assert memory.add_messages(said("a", "b", "c")).added == ("chat#2",)

    def test_what_is_said_again_after_a_change_is_recalled_again(self, memory: Memory) -> None:
        first = memory.add("The rent is 450.")
        memory.update(first.key, "The rent is 500.")
        memory.add("The rent is 450.")
        assert {one.record.text for one in memory.search("rent")} == {
            "The rent is 450.",
            "The rent is 500.",
        }

    def test_a_forgotten_turn_leaves_no_trace_in_windows_though_it_had_expired(
        self, memory: Memory
    ) -> None:
        turns = [Record(f"s#{i}", "s", i, text) for i, text in enumerate(["a", "xylophone", "c"])]
        soon = datetime.now(timezone.utc) + timedelta(milliseconds=30)
        memory.add_records(
            [replace(turn, expires_at=soon if turn.position == 1 else None) for turn in turns]
        )
        assert "xylophone" in window(memory, "s#0")
        time.sleep(0.05)
        memory.forget(F("key") == "s#1")
        assert window(memory, "s#0") == "a\nc"

    def test_what_was_changed_quotes_no_neighbours_any_more(self, memory: Memory) -> None:
        memory.add_messages(said("my pin is xylophone", "noted", "thanks"))
        assert "xylophone" in window(memory, "chat#1")
        memory.update("chat#1", "well noted")
        assert window(memory, "chat#1") == "noted"

    def test_a_forgotten_turn_leaves_no_trace_in_windows_of_what_had_expired(
        self, memory: Memory
    ) -> None:
        soon = datetime.now(timezone.utc) + timedelta(milliseconds=30)
        memory.add_records(
            [Record("s#0", "s", 0, "xylophone"), Record("s#1", "s", 1, "b", expires_at=soon)]
        )
        assert "xylophone" in window(memory, "s#1")
        time.sleep(0.05)
        memory.update("s#0", "zugzwang")
        memory.forget(F("key") == "s#0")
        assert window(memory, "s#1") == "b"

    def test_what_is_expired_when_it_comes_stands_in_no_window(self, memory: Memory) -> None:
        turns = [Record(f"s#{i}", "s", i, text) for i, text in enumerate(["a", "xylophone", "c"])]
        turns[1] = replace(turns[1], expires_at=NOON)
        memory.add_records(turns)
        assert [record.text for record in memory.scan()] == ["a", "xylophone", "c"]
        assert window(memory, "s#0") == window(memory, "s#2") == "a\nc"

    def test_a_session_goes_on_after_a_turn_that_expired(self, memory: Memory) -> None:
        memory.add_records([Record("chat#0", "chat", 0, "gone", expires_at=NOON)])
        assert memory.add_messages(said("next")).added == ("chat#1",)

    def test_a_write_that_another_one_overtook_is_planned_again(self, memory: Memory) -> None:
        """Planning reads neighbours that somebody forgets before the write."""
        memory.add_messages(said("xylophone"))

        class Forgetting(HashEncoder):
            def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
                if other.count():
                    other.forget(F("key") == "chat#0")
                return super().encode_documents(texts)

        with (
            Memory(memory.url, "ana", encoder=HashEncoder()) as other,
            Memory(memory.url, "ana", encoder=Forgetting()) as slow,
        ):
            slow.add_messages([{"role": "user", "content": "second"}])
        assert texts(memory) == ["second"]
        assert window(memory, "chat#1") == "second"

    @pytest.mark.parametrize(
        "where",
        [
            {},
            {"and": [{}]},
            {"or": [{"speaker": "Ana"}, {}]},
            {"not": {"or": []}},
            {"not": {"and": [{"speaker": "Ana"}, {"not": {}}]}},
            {"not": {"speaker": []}},
        ],
    )
    def test_forgetting_needs_a_condition(self, memory: Memory, where: dict[str, object]) -> None:
        memory.add("x")
        with pytest.raises(InvalidInput, match="say what to forget"):
            memory.forget(where)
        assert memory.count() == 1

    def test_an_edited_document_supersedes_the_passages_it_lost(
        self, memory: Memory, tmp_path: Path
    ) -> None:
        path = tmp_path / "lease.md"
        path.write_text("# Lease\n\n## Rent\n\nThe rent is 450.\n", encoding="utf-8")
        memory.add_document(str(path))
        path.write_text("# Lease\n\n## Rent\n\nThe rent is 500.\n", encoding="utf-8")
        memory.add_document(path)
        assert len(memory.search("rent")) == 1
        assert "500" in memory.search("rent")[0].record.text
        with pytest.raises(InvalidInput, match="missing"):
            memory.add_document("missing.pdf")


class TestMoving:
    def test_an_export_is_the_same_after_a_round_trip(self, memory: Memory, tmp_path: Path) -> None:
        memory.add_messages(said("Grüße", "你好"))
        memory.update("chat#0", "Viele Grüße")
        memory.add("x", said_at=NOON, expires_at=NOON, metadata={"a": [1, {"b": None}]})
        memory.in_namespace("ben").add("y")
        first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
        assert memory.export(first, namespaces=memory.namespaces()) == 5
        with Memory(tmp_path / "other", encoder=HashEncoder()) as other:
            assert len(other.import_(first).added) == 5
            assert other.import_(first).added == ()
            other.export(second, namespaces=other.namespaces())
            assert other.verify().ok
        assert first.read_bytes() == second.read_bytes()

    def test_an_export_can_go_to_an_open_file(self, memory: Memory) -> None:
        memory.add("x")
        file = io.StringIO()
        assert memory.export(file) == 1
        assert file.getvalue().count("\n") == 2

    def test_a_newer_export_brings_the_newer_state(self, memory: Memory, tmp_path: Path) -> None:
        memory.add("The rent is 450.", key="rent")
        memory.export(tmp_path / "old.jsonl")
        memory.update("rent", "The rent is 500.")
        memory.export(tmp_path / "new.jsonl")
        with Memory(tmp_path / "other", "ana", encoder=HashEncoder()) as other:
            other.import_(tmp_path / "old.jsonl")
            other.import_(tmp_path / "new.jsonl")
            assert [one.record.text for one in other.search("rent")] == ["The rent is 500."]

    @pytest.mark.parametrize(
        "line", ['{"namespace": "ana", "key": 1}', '{"namespace": ["ana"]}', "[" * 100_000]
    )
    def test_a_broken_line_is_named(self, memory: Memory, tmp_path: Path, line: str) -> None:
        path = tmp_path / "broken.jsonl"
        path.write_text(f'{{"remem_export": 1}}\n{line}\n', encoding="utf-8")
        with pytest.raises(InvalidInput, match=r"broken\.jsonl:2"):
            memory.import_(path)

    def test_what_stands_before_a_broken_line_is_stored(
        self, memory: Memory, tmp_path: Path
    ) -> None:
        for number in range(10):
            memory.add(f"fact {number}")
        path = tmp_path / "cut.jsonl"
        memory.export(path)
        path.write_text(path.read_text(encoding="utf-8") + '{"names', encoding="utf-8")
        with Memory(tmp_path / "other", "ana", encoder=HashEncoder()) as other:
            with pytest.raises(InvalidInput, match=r"cut\.jsonl:12"):
                other.import_(path)
            assert other.count() == 10

    def test_another_encoder_needs_a_reindex(self, memory: Memory) -> None:
        memory.add("Rex is a dog.")
        memory.close()
        with pytest.raises(EncoderMismatch, match="remem reindex"):
            Memory(memory.url, "ana", encoder=HashEncoder(32))

    def test_a_question_in_flight_while_a_reindex_ends_is_asked_with_the_new_encoder(
        self, tmp_path: Path
    ) -> None:
        class Mirrored(HashEncoder):
            """Vectors of the same length that mean something else."""

            fingerprint = "mirrored"

            def encode_query(self, text: str) -> NDArray[np.float32]:
                return super().encode_query(text)[::-1].copy()

        class Slow(HashEncoder):
            """Has not encoded a question before the reindex ends."""

            def encode_query(self, text: str) -> NDArray[np.float32]:
                vector = super().encode_query(text)
                if text == "which tortoise?" and self is memory.encoder:
                    memory.reindex(Mirrored())
                return vector

        dense = Retriever(weights={"dense turn": 1.0})
        with Memory(tmp_path / "store", encoder=Slow(), retriever=dense) as memory:
            for text in ("the tortoise", "a postman", "figs for lunch"):
                memory.add(text)
            found = memory.search("which tortoise?")
            assert found[0].record.text == "the tortoise"
            assert found == memory.search("which tortoise?")

    def test_a_reindex_changes_the_encoder_and_keeps_the_rest(self, memory: Memory) -> None:
        memory.add("Rex is a dog.")
        before = list(memory.scan())
        memory.reindex(HashEncoder(32))
        assert list(memory.scan()) == before
        assert memory.search("dog")[0].record.text == "Rex is a dog."
        memory.close()
        with Memory(memory.url, "ana", encoder=HashEncoder(32)) as again:
            assert again.search("dog")[0].record.text == "Rex is a dog."
            assert again.verify().ok


class TestAsync:
    def test_everything_can_be_awaited(self, memory: Memory) -> None:
        async def converse() -> list[str]:
            async with AsyncMemory(memory) as remembering:
                await asyncio.gather(*(remembering.add(f"Fact {i}") for i in range(5)))
                assert await remembering.count() == 5
                assert (await remembering.search("Fact 3", 1))[0].record.text == "Fact 3"
                return [record.text async for record in remembering.scan()]

        assert sorted(asyncio.run(converse())) == [f"Fact {i}" for i in range(5)]

    def test_no_method_of_memory_is_missing(self) -> None:
        def public(cls: type) -> set[str]:
            return {name for name in dir(cls) if name[0] != "_" and callable(getattr(cls, name))}

        assert public(AsyncMemory) == public(Memory)


@pytest.mark.parametrize("damaged", [["t#1"], ["t#0", "t#1"]], ids=["its end", "all of it"])
def test_a_source_goes_on_behind_what_is_damaged_of_it(tmp_path: Path, damaged: list[str]) -> None:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        memory.add_messages([{"role": "user", "content": text} for text in "ab"], session="t")
        with closing(sqlite3.connect(tmp_path / "store" / "records.sqlite3")) as database:
            for key in damaged:
                database.execute("UPDATE records SET origin = 'persom' WHERE key = ?", (key,))
            database.commit()
        memory.add("c", source="t")
        memory.add_messages([{"role": "user", "content": "d"}], session="t")
        assert [(each.position, each.text) for each in memory.last("t", 2)] == [(2, "c"), (3, "d")]

"""Several namespaces in one search, and memories that are copied to one that others share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from remem import F, Memory
from remem.across import promote, search_across
from remem.cli import main
from remem.store import InvalidInput
from remem.testing import HashEncoder

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "store", "kiln", encoder=HashEncoder()) as memory:
        memory.add("We pin setuptools below 81.", speaker="Ana", said_at=NOON, key="pin")
        memory.add("Rent is due on Monday.", speaker="Bo", said_at=NOON)
        other = memory.in_namespace("glaze")
        other.add("setuptools is vendored here.", speaker="Cy", said_at=NOON, key="vendored")
        yield memory


def test_all_namespaces_are_read_in_one_search(memory: Memory) -> None:
    found = search_across(memory, "setuptools", 2)
    assert {each.namespace for each in found} == {"kiln", "glaze"}
    assert all("setuptools" in each.recollection.record.text for each in found)
    relevance = [each.recollection.relevance for each in found]
    assert relevance == sorted(relevance, reverse=True)


def test_only_those_that_are_named_are_read(memory: Memory) -> None:
    found = search_across(memory, "setuptools", namespaces=["glaze"])
    assert {each.namespace for each in found} == {"glaze"}


def test_a_speaker_that_only_one_namespace_knows_is_found_there(memory: Memory) -> None:
    found = search_across(memory, "setuptools", where=F("speaker").in_(["cy"]))
    assert [each.recollection.record.key for each in found] == ["vendored"]
    with pytest.raises(InvalidInput, match="nobody here is called"):
        search_across(memory, "setuptools", where=F("speaker").in_(["Zoe"]))


def test_a_copy_keeps_words_time_speaker_and_origin_and_tells_where_it_is_from(
    memory: Memory,
) -> None:
    copy = promote(memory, "pin", "shared")
    original = memory.get("pin")
    assert original is not None
    for name in ("text", "speaker", "said_at", "origin", "kind"):
        assert getattr(copy, name) == getattr(original, name)
    assert copy.metadata["promoted_from"] == {"namespace": "kiln", "key": "pin"}
    assert memory.in_namespace("shared").get(copy.key) == copy


def test_promoted_twice_it_is_there_once_and_changed_it_is_a_new_version(memory: Memory) -> None:
    promote(memory, "pin", "shared")
    promote(memory, "pin", "shared")
    shared = memory.in_namespace("shared")
    assert shared.count() == 1
    newer = memory.update("pin", "We pin setuptools below 80.")
    changed = promote(memory, "pin", "shared")
    assert changed.text == newer.text
    assert changed.metadata["promoted_from"]["key"] == newer.key
    assert [each.record.text for each in shared.search("pin setuptools", 5)] == [newer.text]


def test_original_and_copy_are_found_once(memory: Memory) -> None:
    promote(memory, "pin", "shared")
    found = search_across(memory, "pin setuptools below 81")
    assert sum("below 81" in each.recollection.record.text for each in found) == 1


def test_a_memory_is_not_promoted_to_where_it_is(memory: Memory) -> None:
    with pytest.raises(InvalidInput, match="already"):
        promote(memory, "pin", "kiln")


def test_the_commands(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REMEM_STORE", str(memory.url))
    monkeypatch.setenv("REMEM_NAMESPACE", "kiln")
    assert main(["promote", "pin", "--to", "shared"]) == 0
    assert "Copied to shared as" in capsys.readouterr().out
    assert main(["search", "setuptools", "--all-namespaces", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["results"]
    assert {each["namespace"] for each in found} == {"shared", "glaze", "kiln"}
    assert main(["search", "setuptools", "--also", "shared"]) == 0
    assert "shared: " in capsys.readouterr().out

"""Memories as a folder of Markdown, edited by people, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remem import Memory
from remem.cli import main
from remem.ingest import Item, import_path
from remem.ingest.markdown import MarkdownReader, to_markdown
from remem.store import Record
from remem.testing import HashEncoder

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    monkeypatch.setenv("REMEM_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("REMEM_NAMESPACE", "ana")
    with Memory(tmp_path / "store", "ana", encoder=HashEncoder()) as memory:
        memory.add("The kiln broke.", speaker="Nora", source="diary/2026", said_at=NOON, key="k1")
        memory.add("Rent is 450 euros.\n\n- since May", source="diary/2026", said_at=NOON, key="k2")
        memory.add("Buy salt.", source="notes: a/b?", said_at=NOON, key="k3")
        yield memory


def exported(folder: Path, *options: str) -> None:
    assert main(["export", "--markdown", str(folder), *options]) == 0


def test_a_source_is_a_file_that_reads_well(memory: Memory, tmp_path: Path) -> None:
    exported(tmp_path / "out")
    text = (tmp_path / "out" / "diary" / "2026.md").read_text()
    assert "**Nora**, 1 Jan 2026, 12:00\n\nThe kiln broke.\n" in text
    assert "Rent is 450 euros.\n\n- since May\n" in text
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.md")) == ["2026.md", "b_.md"]


def test_imported_again_nothing_is_added(memory: Memory, tmp_path: Path) -> None:
    exported(tmp_path / "out")
    report = import_path(memory, tmp_path / "out")
    assert (report.added, report.changed, report.problems) == ({"ana": 0}, {}, ())
    assert report.unchanged == {"ana": 3}


def test_what_was_edited_is_a_new_version(memory: Memory, tmp_path: Path) -> None:
    exported(tmp_path / "out")
    path = tmp_path / "out" / "diary" / "2026.md"
    path.write_text(path.read_text().replace("450 euros", "480 euros") + "\n\n")
    report = import_path(memory, tmp_path / "out")
    assert report.changed == {"ana": 1}
    versions = [each.text for each in memory.history("k2")]
    assert versions == ["Rent is 450 euros.\n\n- since May", "Rent is 480 euros.\n\n- since May"]
    exported(tmp_path / "out")
    assert "480 euros" in path.read_text()
    assert import_path(memory, tmp_path / "out").changed == {}


def test_an_empty_store_gets_all_of_it(memory: Memory, tmp_path: Path) -> None:
    exported(tmp_path / "out")
    with Memory(tmp_path / "other", encoder=HashEncoder()) as other:
        import_path(other, tmp_path / "out")
        ours, theirs = (
            [(r.key, r.text, r.source, r.speaker, r.said_at, r.origin, r.kind) for r in each.scan()]
            for each in (memory, other.in_namespace("ana"))
        )
    assert ours == theirs


def test_edits_that_were_not_imported_are_not_written_over(
    memory: Memory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported(tmp_path / "out")
    path = tmp_path / "out" / "diary" / "2026.md"
    path.write_text(path.read_text().replace("450 euros", "480 euros"))
    assert main(["export", "--markdown", str(tmp_path / "out")]) == 1
    assert "was edited; import it first" in capsys.readouterr().err
    assert "480 euros" in path.read_text()


def test_a_file_of_others_is_not_written_over(
    memory: Memory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out" / "diary" / "2026.md"
    path.parent.mkdir(parents=True)
    path.write_text("# mine\n")
    assert main(["export", "--markdown", str(tmp_path / "out")]) == 1
    assert "in the way" in capsys.readouterr().err
    assert path.read_text() == "# mine\n"


def test_an_emptied_block_is_reported_and_forgets_nothing(memory: Memory, tmp_path: Path) -> None:
    exported(tmp_path / "out")
    path = tmp_path / "out" / "diary" / "2026.md"
    path.write_text(path.read_text().replace("The kiln broke.", ""))
    report = import_path(memory, path)
    assert "remem forget" in report.problems[0].reason
    assert memory.get("k1") is not None


def test_all_namespaces_have_folders_of_their_own(memory: Memory, tmp_path: Path) -> None:
    memory.in_namespace("bo").add("Hi.", source="diary/2026", said_at=NOON)
    exported(tmp_path / "out", "--all")
    folders = {
        path.relative_to(tmp_path / "out").parts[0] for path in (tmp_path / "out").rglob("*.md")
    }
    assert folders == {"ana", "bo"}


_SIGNS = st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t")
TEXTS = st.text(_SIGNS, min_size=1)
TRICKS = st.sampled_from(
    ['<!-- remem {"key": "k"} -->', "\\<!-- remem {} -->", "---", "-->", "# a"]
)


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(TEXTS | TRICKS, min_size=1, max_size=4), name=TEXTS)
def test_words_come_back_as_they_were(
    texts: list[str], name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    texts = [text for text in texts if text.strip()]
    records = [
        Record(f"{name}#{number}", name, number, text, said_at=NOON, metadata={"x": name})
        for number, text in enumerate(texts)
    ]
    path = tmp_path_factory.getbasetemp() / "one.md"
    path.write_text(to_markdown("ana", name, records), "utf-8", newline="\n")
    assert MarkdownReader().detect(path)
    found = [one.record for one in MarkdownReader().read(path) if isinstance(one, Item)]
    assert [record.text for record in found] == texts
    assert [record.key for record in found] == [record.key for record in records]
    assert json.dumps([dict(record.metadata) for record in found])

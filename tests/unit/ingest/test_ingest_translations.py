"""Catalogues of gettext and exchange files of translation memories."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from remem.ingest import Item, PoReader, Problem, TmxReader, detect_reader
from remem.store import Record

HEADER = (
    'msgid ""\nmsgstr ""\n"Language: pt_BR\\n"\n"PO-Revision-Date: 2024-05-01 10:00+0200\\n"\n\n'
)


def read(path: Path) -> tuple[list[Record], list[str]]:
    found = list(detect_reader(path).read(path))
    records = [one.record for one in found if isinstance(one, Item)]
    return records, [one.reason for one in found if isinstance(one, Problem)]


def catalogue(tmp_path: Path, entries: str, header: str = HEADER) -> Path:
    path = tmp_path / "app.po"
    path.write_text(header + entries, "utf-8")
    return path


def test_a_message_is_a_record_and_its_translation_metadata(tmp_path: Path) -> None:
    entries = '#: views.py:3\nmsgctxt "menu"\nmsgid "Open"\nmsgstr "Abrir"\n'
    [record], problems = read(catalogue(tmp_path, entries))
    assert not problems
    assert (record.text, record.kind, record.source) == ("Open", "translation", "app.po")
    assert record.metadata == {
        "lang": "en",
        "translations": {"pt-br": "Abrir"},
        "context": "menu",
    }
    assert record.said_at == datetime(2024, 5, 1, 8, tzinfo=timezone.utc)


def test_a_text_of_several_lines_is_joined_and_unescaped(tmp_path: Path) -> None:
    entries = 'msgid ""\n"One \\"file\\"\\n"\n"two"\nmsgstr ""\n"Um\\\\\\n"\n"dois"\n'
    [record], _ = read(catalogue(tmp_path, entries))
    assert record.text == 'One "file"\ntwo'
    assert record.metadata["translations"]["pt-br"] == "Um\\\ndois"


def test_a_plural_is_a_record_for_each_form(tmp_path: Path) -> None:
    entries = (
        'msgid "%d file"\nmsgid_plural "%d files"\nmsgstr[0] "%d ficheiro"\n'
        'msgstr[1] "%d ficheiros"\n'
    )
    records, _ = read(catalogue(tmp_path, entries))
    pairs = [(one.text, one.metadata["translations"]["pt-br"]) for one in records]
    assert pairs == [("%d file", "%d ficheiro"), ("%d files", "%d ficheiros")]


def test_what_is_fuzzy_obsolete_or_not_translated_is_left_out(tmp_path: Path) -> None:
    entries = (
        '#, fuzzy\nmsgid "a"\nmsgstr "b"\n\nmsgid "c"\nmsgstr ""\n\n'
        '#~ msgid "d"\n#~ msgstr "e"\n\nmsgid "f"\nmsgstr "g"\n'
    )
    records, problems = read(catalogue(tmp_path, entries))
    assert [one.text for one in records] == ["f"]
    assert not problems


def test_entries_need_no_line_between_them(tmp_path: Path) -> None:
    records, _ = read(catalogue(tmp_path, 'msgid "a"\nmsgstr "b"\nmsgid "c"\nmsgstr "d"\n'))
    assert [one.text for one in records] == ["a", "c"]


def test_a_catalogue_of_no_language_is_a_problem(tmp_path: Path) -> None:
    path = catalogue(tmp_path, 'msgid "a"\nmsgstr "b"\n', header='msgid ""\nmsgstr ""\n\n')
    records, [problem] = read(path)
    assert not records
    assert problem.startswith("its header names no language")


def test_the_same_file_read_again_has_the_same_keys_and_a_new_translation_another(
    tmp_path: Path,
) -> None:
    first, _ = read(catalogue(tmp_path, 'msgid "a"\nmsgstr "b"\n'))
    again, _ = read(catalogue(tmp_path, 'msgid "x"\nmsgstr "y"\n\nmsgid "a"\nmsgstr "b"\n'))
    other, _ = read(catalogue(tmp_path, 'msgid "a"\nmsgstr "c"\n'))
    assert first[0].key == again[1].key != other[0].key


TMX = """<?xml version="1.0" encoding="UTF-8"?>
<tmx version="1.4">
  <header srclang="en-US" adminlang="en" segtype="sentence"/>
  <body>
    <tu changedate="20240501T080000Z">
      <tuv xml:lang="de"><seg>Datei <ph x="1">%s</ph> öffnen</seg></tuv>
      <tuv xml:lang="en-US"><seg>Open file <ph x="1">%s</ph></seg></tuv>
      <tuv xml:lang="ES"><seg>Abrir %s</seg></tuv>
    </tu>
    <tu><tuv xml:lang="en-US"><seg>Alone</seg></tuv></tu>
    <tu><tuv xml:lang="fr"><seg>Oui</seg></tuv><tuv xml:lang="de"><seg>Ja</seg></tuv></tu>
  </body>
</tmx>
"""


def test_a_unit_is_a_record_in_the_source_language(tmp_path: Path) -> None:
    path = tmp_path / "memory.tmx"
    path.write_text(TMX, "utf-8")
    [first, second], problems = read(path)
    assert first.text == "Open file %s"
    assert first.metadata == {
        "lang": "en-us",
        "translations": {"de": "Datei %s öffnen", "es": "Abrir %s"},
    }
    assert first.said_at == datetime(2024, 5, 1, 8, tzinfo=timezone.utc)
    assert (second.text, second.metadata["translations"]) == ("Oui", {"de": "Ja"})
    assert problems == ["unit 2 was skipped: it is not in two languages"]


def test_a_broken_file_keeps_what_stands_before_the_break(tmp_path: Path) -> None:
    path = tmp_path / "memory.tmx"
    path.write_text(TMX[: TMX.index("<tu><tuv")] + "<tu><", "utf-8")
    records, [problem] = read(path)
    assert [one.text for one in records] == ["Open file %s"]
    assert "cannot be read any further" in problem


def test_other_files_are_not_taken_for_translations(tmp_path: Path) -> None:
    path = tmp_path / "notes.po"
    path.write_text("# The river Po\n", "utf-8")
    assert not PoReader().detect(path)
    path = tmp_path / "notes.tmx"
    path.write_text("<html/>", "utf-8")
    assert not TmxReader().detect(path)

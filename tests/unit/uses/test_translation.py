"""Translations from memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from remem import Memory
from remem.ingest import import_path
from remem.store import InvalidInput
from remem.store.errors import UpstreamError
from remem.testing import EchoGenerator, HashEncoder
from remem.uses.engines import CommandEngine
from remem.uses.glossary import read_glossary

CATALOGUE = """
msgid ""
msgstr ""
"Language: es\\n"
"PO-Revision-Date: 2024-05-01 10:00+0000\\n"

msgid "Enter a valid URL."
msgstr "Introduzca una URL válida."

msgid "The file was saved at %(time)s."
msgstr "El archivo se guardó a las %(time)s."
"""


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    path = tmp_path / "django.po"
    path.write_text(CATALOGUE, "utf-8")
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        import_path(memory, path)
        yield memory


def program(tmp_path: Path, code: str) -> CommandEngine:
    script = tmp_path / "engine.py"
    script.write_text(f"import sys\ntext = sys.stdin.read()\n{code}\n", "utf-8")
    return CommandEngine(f"'{sys.executable}' '{script}'")


def test_a_stored_sentence_comes_back_as_it_is(memory: Memory) -> None:
    found = memory.translate("Enter a valid URL.", "es")
    assert (found.text, found.origin) == ("Introduzca una URL válida.", "stored")
    assert found.matches[0].percent == 100


def test_a_sentence_that_is_like_it_is_repaired(memory: Memory) -> None:
    found = memory.translate("The file was saved at %(hour)s!", "ES")
    assert (found.text, found.origin) == ("El archivo se guardó a las %(hour)s!", "repaired")
    assert 70 <= found.matches[0].percent < 100
    assert "[-%(time)s .-] {+%(hour)s !+}" in found.matches[0].difference
    assert found.matches[0].record.source == "django.po"


def test_what_is_not_known_is_not_made_up(memory: Memory) -> None:
    found = memory.translate("Good morning, colleagues", "es")
    assert (found.text, found.origin, found.matches) == ("", "none", ())


def test_an_engine_translates_the_rest_and_nothing_else(memory: Memory, tmp_path: Path) -> None:
    engine = program(tmp_path, "print('[' + text.upper() + ']')")
    assert memory.translate("Good morning", "es", engine=engine).text == "[GOOD MORNING]"
    assert memory.translate("Enter a valid URL.", "es", engine=engine).origin == "stored"


def test_an_engine_sees_neither_placeholders_nor_terms(memory: Memory, tmp_path: Path) -> None:
    engine = program(tmp_path, "print(text.replace('name', 'nombre').replace('user', 'usario'))")
    found = memory.translate(
        "Hello user %(name)s", "es", engine=engine, glossary={"User": "usuario"}
    )
    assert found.text == "Hello usuario %(name)s"
    assert found.missing == ()


def test_an_engine_that_loses_a_mark_is_asked_about_the_bare_text(
    memory: Memory, tmp_path: Path
) -> None:
    engine = program(tmp_path, "print('' if 'zq' in text else text + ' (es)')")
    found = memory.translate("Hello user", "es", engine=engine, glossary={"user": "usuario"})
    assert (found.text, found.missing) == ("Hello user (es)", ("user",))


def test_placeholders_that_differ_in_capitals_only_stay_apart(
    memory: Memory, tmp_path: Path
) -> None:
    engine = program(tmp_path, "print(text)")
    assert memory.translate("From {A} to {a}", "es", engine=engine).text == "From {A} to {a}"


def test_other_records_of_the_kind_do_no_harm(memory: Memory) -> None:
    memory.add("a note on translation", kind="translation")
    with pytest.raises(InvalidInput, match="there are some into es"):
        memory.translate("Enter a valid URL.", "xx")


def test_a_term_inside_a_placeholder_is_none(memory: Memory) -> None:
    found = memory.translate("Enter %(url)s", "es", glossary={"url": "dirección"})
    assert found.terms == {}


def test_a_copy_without_a_term_gives_way_to_an_engine(memory: Memory, tmp_path: Path) -> None:
    engine = program(tmp_path, "print(text)")
    glossary = {"file": "fichero"}
    text = "The file was saved at %(hour)s."
    copy = memory.translate(text, "es", glossary=glossary)
    assert (copy.origin, copy.missing) == ("repaired", ("file",))
    made = memory.translate(text, "es", glossary=glossary, engine=engine)
    assert (made.origin, made.missing) == ("engine", ())
    assert "fichero" in made.text


def test_a_generator_is_given_what_is_known(memory: Memory) -> None:
    text = "Enter a valid and short URL."
    found = memory.translate(text, "es", glossary={"short": "corta"}, generator=EchoGenerator())
    assert found.origin == "generator"
    assert "- Enter a valid URL. => Introduzca una URL válida." in found.text
    assert "- short => corta" in found.text
    assert text in found.text


def test_of_two_translations_the_newer_is_taken(memory: Memory, tmp_path: Path) -> None:
    path = tmp_path / "newer.po"
    newer = CATALOGUE.replace("Introduzca", "Ingrese").replace("2024", "2025")
    path.write_text(newer, "utf-8")
    import_path(memory, path)
    assert memory.translate("Enter a valid URL.", "es").text == "Ingrese una URL válida."


def test_what_cannot_be_translated_is_refused_in_a_sentence(memory: Memory) -> None:
    with pytest.raises(InvalidInput, match=r"no translation into 'xx' is stored; there are .* es"):
        memory.translate("Enter a valid URL.", "xx")
    with pytest.raises(InvalidInput, match="no translation into '' is stored"):
        memory.translate("Enter a valid URL.", " ")
    with pytest.raises(InvalidInput, match="the text is empty"):
        memory.translate(" ", "es")
    with (
        Memory(":memory:", encoder=HashEncoder()) as nothing,
        pytest.raises(InvalidInput, match="no translations are stored here; 'remem import"),
    ):
        nothing.translate("x", "es")


def test_a_program_that_fails_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="'no-such-program' cannot be run"):
        CommandEngine("no-such-program")("x")
    for bad in ("", "'unclosed"):
        with pytest.raises(InvalidInput, match="cannot be run"):
            CommandEngine(bad)("x")
    with pytest.raises(UpstreamError, match="failed: no such pair"):
        program(tmp_path, "sys.exit('no such pair')")("x")


@pytest.mark.parametrize("line", ["file\tDatei", "file,Datei", "file;Datei", "# note\nfile,Datei"])
def test_a_glossary_has_a_term_and_its_translation_in_each_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "terms"
    path.write_text(f"{line}\n\n", "utf-8")
    assert read_glossary(path) == {"file": "Datei"}


def test_a_glossary_that_is_none_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "terms"
    path.write_text("file,Datei\nfolder\n", "utf-8")
    with pytest.raises(InvalidInput, match="terms:2: a line of a glossary is a term"):
        read_glossary(path)
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InvalidInput, match="is not UTF-8"):
        read_glossary(path)

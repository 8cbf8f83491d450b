"""Documents of offices and e-books: no word of them is lost, none is there twice."""

import re

import pytest

from remem.ingest import import_path
from remem.memory import Memory
from remem.testing import HashEncoder
from tests.document_samples import (
    DOCUMENTS,
    MARGINS,
    NOT_SHOWN,
    RTF,
    WORDS,
    epub,
    odt,
)
from tests.export_samples import zipped

each_document = pytest.mark.parametrize(("name", "content"), DOCUMENTS.items(), ids=list(DOCUMENTS))


@each_document
def test_every_word_is_read_once(read, write, name, content):
    reading = read(write(name, content))
    words = re.findall(r"\w+", " ".join(reading.texts))
    expected = WORDS if name.endswith("pptx") else WORDS + MARGINS
    assert {word: words.count(word) for word in expected} == dict.fromkeys(expected, 1)
    assert not set(words) & set(NOT_SHOWN)
    assert reading.problems == []


@each_document
def test_passages_stand_under_their_heading(read, write, name, content):
    record = next(each for each in read(write(name, content)).records if "rent" in each.text)
    assert record.metadata["headings"][-1] == "Lease"
    assert (record.kind, record.origin) == ("passage", "document")


@each_document
def test_a_document_again_adds_nothing(tmp_path, write, name, content):
    path = write(name, content)
    with Memory(tmp_path / "memory", encoder=HashEncoder()) as memory:
        first, second = (import_path(memory, path) for _ in range(2))
    assert sum(first.added.values()) > 0
    assert sum(second.added.values()) == 0


def test_slides_are_numbered_as_they_are_shown(read, write):
    records = read(write("lease.pptx", DOCUMENTS["lease.pptx"])).records
    pages = {record.metadata["page"]: record.text for record in reversed(records)}
    assert "rent" in pages[1]
    assert pages[2] == "left | right"


def test_chapters_come_in_the_order_of_the_book(read, write):
    records = read(write("lease.epub", DOCUMENTS["lease.epub"])).records
    whole = "\n".join(record.text for record in records)
    assert whole.index("Lease") < whole.index("rent") < whole.index("headed")
    assert {record.metadata["headings"][0] for record in records} == {"The Lease"}


def test_signs_of_rich_text_are_the_characters_that_they_stand_for(read, write):
    text = "\n".join(read(write("lease.rtf", RTF)).texts)
    assert "caf\u00e9 \u20ac \U0001f600 \u041f\u0440\u0438 na\u00efve {x}" in text
    assert "online (https://lease.example/a)" in text


@pytest.mark.parametrize(
    ("encoding", "page", "words"),
    [
        ("cp932", r"\ansicpg932 \'93\'fa\'96\'7b", "日本"),
        ("cp936", r"\ansicpg936 \'d6\'d0\'b9\'fa", "中国"),
        ("cp1251", r"\ansicpg1251 \'cf\'f0\'e8\'e2\'e5\'f2", "Привет"),
    ],
)
def test_rich_text_in_a_national_encoding(read, write, encoding, page, words):
    assert read(write("a.rtf", rf"{{\rtf1\ansi{page}\par}}")).texts == [words]


def test_entities_are_refused(read, write):
    bomb = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">]><d>&a;</d>'
    for name in ("a.odt", "a.epub", "a.pptx"):
        content = {
            "content.xml": bomb,
            "META-INF/container.xml": bomb,
            "ppt/presentation.xml": bomb,
        }
        with pytest.raises(Exception, match="defines entities"):
            read(write(name, zipped(content)))


def test_a_book_that_unpacks_to_far_more_than_it_weighs_is_refused(read, write):
    with pytest.raises(Exception, match="far more than it weighs"):
        read(write("a.epub", epub(f"<p>{'a' * 5_000_000}</p>")))


@pytest.mark.parametrize("name", ["a.odt", "a.pptx", "a.epub", "a.rtf"])
def test_a_document_cut_short_is_a_problem(read, write, name):
    reading = read(write(name, b"PK\x03\x04 cut short" if name != "a.rtf" else b""))
    assert reading.records == []
    assert [str(problem) for problem in reading.problems] or name == "a.rtf"


def test_elements_nested_beyond_reason_are_refused(read, write):
    deep = "<text:section>" * 5000 + "</text:section>" * 5000
    with pytest.raises(Exception, match="nested"):
        read(write("a.odt", odt(deep)))
    with pytest.raises(Exception, match="nested"):
        read(write("a.rtf", b"{\\rtf1 " + b"{" * 5000 + b"}" * 5001))

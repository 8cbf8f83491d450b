import sys
import zipfile
from pathlib import Path

import pytest

from remem.ingest import DocumentReader, Item, Problem, read_document
from remem.ingest.conversion import joined
from remem.store import InvalidInput, MissingDependency


def records(document, **options):
    items = list(read_document(document, **options))
    assert not [item for item in items if isinstance(item, Problem)]
    return [item.record for item in items if isinstance(item, Item)]


def test_a_text_is_markdown_with_its_headings(write):
    (record,) = records("# Tea\n\nGreen or black.", source="drinks")
    assert record.source == "drinks"
    assert record.kind == "passage"
    assert record.text == "# Tea\n\nGreen or black."
    assert record.metadata == {"headings": ["Tea"]}


def test_a_text_without_a_name_is_named_by_its_digest():
    (one,), (same,), (other,) = records("a b"), records("a b"), records("c d")
    assert one.source == same.source != other.source
    assert one.source.startswith("text-")


def test_metadata_go_to_every_passage():
    assert [r.metadata["topic"] for r in records("a\n\n# B\n\nb", metadata={"topic": "x"})] == [
        "x",
        "x",
    ]


def test_unchanged_passages_of_an_edited_document_keep_their_keys():
    before = records("# A\n\na\n\n# B\n\nb", source="s")
    after = records("# New\n\nn\n\n# A\n\na\n\n# B\n\nb, edited", source="s")
    assert before[0].key == after[1].key
    assert before[1].key != after[2].key


def test_the_same_passage_twice_has_two_keys():
    keys = [record.key for record in records("# A\n\na\n\n# A\n\na", source="s")]
    assert len(set(keys)) == 2


@pytest.mark.parametrize("name", ["notes.md", "notes.txt", "NOTES.TXT"])
def test_a_text_file_is_named_by_its_file(read, write, name):
    reading = read(write(name, "# Tea\r\n\r\nGreen.\r\n"))
    assert reading.format == "document"
    assert [(r.source, r.text) for r in reading.records] == [(name, "# Tea\n\nGreen.")]


def test_a_file_that_is_not_text_is_reported(read, write):
    reading = read(write("notes.txt", b"words\nbinary \x00\x01\n"))
    assert reading.texts == ["words"]
    assert reading.problems[0].line == 2


def test_html_becomes_markdown_under_its_title(read, write):
    page = (
        "<html><head><title>Tea house</title><style>p{}</style></head><body>"
        "<script>track()</script><h1>Menu</h1><p>Green_tea *and* <b>black</b></p>"
        "<h2>Prices</h2><ul><li>2 euros</li></ul><img src='x' alt='a teapot'>"
        "<pre><code>a = 1\n  b</code></pre></body></html>"
    )
    reading = read(write("page.html", page))
    assert [r.metadata["headings"] for r in reading.records] == [
        ["Tea house", "Menu"],
        ["Tea house", "Menu", "Prices"],
    ]
    assert reading.texts[0] == "# Menu\n\nGreen_tea *and* **black**"
    assert "* 2 euros" in reading.texts[1]
    assert "a teapot" in reading.texts[1]
    assert "a = 1\n  b" in reading.texts[1]
    assert not any("track" in text or "p{}" in text for text in reading.texts)


def test_html_in_the_code_page_it_declares_is_read(read, write):
    page = '<meta charset="windows-1251"><p>Привет</p>'.encode("cp1251")
    assert read(write("page.html", page)).texts == ["Привет"]


def test_docx_keeps_headings_tables_and_words(read, tmp_path):
    docx = pytest.importorskip("docx")
    document = docx.Document()
    document.add_heading("Plan", level=1)
    document.add_paragraph("We plant beans.")
    document.add_heading("May", level=2)
    document.add_table(1, 1).cell(0, 0).text = "Water daily"
    path = tmp_path / "plan.docx"
    document.save(str(path))
    reading = read(path)
    assert [r.metadata["headings"] for r in reading.records] == [["Plan"], ["Plan", "May"]]
    assert "We plant beans." in reading.texts[0]
    assert "Water daily" in reading.texts[1]


def make_pdf(path, *pages):
    canvas = pytest.importorskip("reportlab.pdfgen.canvas")
    sheet = canvas.Canvas(str(path))
    for text in pages:
        sheet.drawString(72, 720, text)
        sheet.showPage()
    sheet.save()
    return path


def test_pdf_passages_know_their_page(read, tmp_path):
    reading = read(make_pdf(tmp_path / "a.pdf", "Green tea.", "Black tea."))
    assert [(r.text, r.metadata["page"]) for r in reading.records] == [
        ("Green tea.", 1),
        ("Black tea.", 2),
    ]


def test_words_that_a_pdf_breaks_at_the_end_of_a_line_are_whole(read, tmp_path):
    canvas = pytest.importorskip("reportlab.pdfgen.canvas")
    sheet = canvas.Canvas(str(tmp_path / "a.pdf"))
    for number, line in enumerate(["The develop-", "ment of the well-", "known mill."]):
        sheet.drawString(72, 720 - 14 * number, line)
    sheet.drawString(72, 600, "It is well-known.")
    sheet.save()
    text = " ".join(read(tmp_path / "a.pdf").texts[0].split())
    assert text == "The development of the well-known mill. It is well-known."


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("develop-\nment", "development"),
        ("Donau\u00ad\n  dampfer", "Donaudampfer"),
        ("Haupt-\nund Nebenstraßen", "Haupt- und Nebenstraßen"),
        ("a well-known\nand well-\nknown", "a well-known\nand well-known"),
        ("Jean-\nPaul", "Jean-\nPaul"),
        ("1914-\n1918", "1914-\n1918"),
        ("- first\n- second", "- first\n- second"),
    ],
)
def test_a_hyphen_at_the_end_of_a_line_goes_if_it_only_breaks_the_word(page, text):
    assert joined(page) == text


def test_pages_without_text_are_reported(read, tmp_path):
    reading = read(make_pdf(tmp_path / "a.pdf", "Green tea.", ""))
    assert reading.texts == ["Green tea."]
    assert "no text on page 2" in reading.problems[0].reason


@pytest.mark.parametrize("name", ["a.pdf", "a.docx"])
def test_a_damaged_document_is_reported(read, write, name):
    reading = read(write(name, b"%PDF-1.7 and then nothing that makes sense"))
    assert reading.records == []
    assert "cannot be read" in reading.problems[0].reason


def test_a_path_that_is_no_document_is_refused(write):
    for path in (Path("missing.md"), write("data.bin", b"x")):
        with pytest.raises(InvalidInput, match="known are"):
            read_document(path)


@pytest.mark.parametrize(
    ("name", "library"), [("a.html", "bs4"), ("a.docx", "mammoth"), ("a.pdf", "pypdf")]
)
def test_a_missing_library_is_named_by_its_extra(write, monkeypatch, name, library):
    monkeypatch.setitem(sys.modules, library, None)
    path = write(name, b"x")
    with pytest.raises(MissingDependency, match=r"remem\[documents\]"):
        list(DocumentReader().read(path))


def test_a_docx_is_not_taken_for_a_zip_of_exports(read, tmp_path):
    path = tmp_path / "a.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conversations.json", "[]")
    assert read(path).format == "document"


def docx(path, **parts):
    """A Word document of the given parts, each the XML that is in its root element."""
    from docx import Document

    Document().save(path)
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    for name, content in parts.items():
        root = "document" if name == "document" else name.rstrip("0123456789")
        root = {"header": "hdr", "footer": "ftr"}.get(root, root)
        held[f"word/{name}.xml"] = (
            f'<w:{root} xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
            'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
            f'xmlns:wp="urn:wp">{content}</w:{root}>'
        ).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in held.items():
            archive.writestr(name, data)
    return path


def paragraph(text):
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


BOX = f"<w:p><w:r><w:t>in</w:t></w:r></w:p><wps:txbx><w:txbxContent>{paragraph('boxed')}"
BOX = f"<w:body>{BOX}</w:txbxContent></wps:txbx></w:body>"


@pytest.mark.parametrize(
    ("parts", "texts"),
    [
        ({"document": BOX}, ["in", "boxed"]),
        ({"header1": paragraph("Lease"), "header2": paragraph("Lease")}, ["Lease"]),
        ({"footer1": paragraph("Faro 2024")}, ["Faro 2024"]),
        ({"comments": f"<w:comment w:id='0'>{paragraph('ask Bo')}</w:comment>"}, ["ask Bo"]),
        (
            {
                "document": f"<w:body>{paragraph('Lease')}</w:body>",
                "header1": paragraph("Lease"),
            },
            ["Lease"],
        ),
    ],
)
def test_words_beside_the_text_of_a_word_document_are_read(tmp_path, parts, texts):
    assert [r.text for r in records(docx(tmp_path / "a.docx", **parts))] == texts


def pdf_form(path, value, **options):
    from reportlab.pdfgen import canvas

    page = canvas.Canvas(str(path))
    page.drawString(72, 720, "Lease")
    page.acroForm.textfield(name="Text1", value=value, x=72, y=650, **options)
    page.save()
    return path


@pytest.mark.parametrize(
    ("value", "options", "texts"),
    [
        ("Ana Lima", {}, ["Lease", "Ana Lima"]),
        ("Ana Lima", {"tooltip": "Tenant"}, ["Lease", "Tenant: Ana Lima"]),
        ("", {}, ["Lease"]),
        ("hidden", {"fieldFlags": "password"}, ["Lease"]),
    ],
)
def test_what_was_filled_into_the_form_of_a_pdf_is_read(tmp_path, value, options, texts):
    assert [r.text for r in records(pdf_form(tmp_path / "a.pdf", value, **options))] == texts

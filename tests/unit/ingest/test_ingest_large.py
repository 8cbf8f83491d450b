"""Files that unpack to far more than they weigh are refused before they cost memory or time."""

from __future__ import annotations

import gzip
import io
import json
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from remem import Memory
from remem.ingest import Limit, detect_reader, import_path, limited
from remem.ingest.documents import document_records
from remem.store import InvalidInput
from remem.testing import HashEncoder

pytest.importorskip("mammoth")
pytest.importorskip("pypdf")

MB = 1 << 20
MOST_MEMORY = 500 * MB
SIZE = 640 * MB

NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
PARAGRAPH = b"<w:p><w:r><w:t>word</w:t></w:r></w:p>"
MESSAGE = b'{"role": "user", "content": "the same words again"}\n'


def times(piece: bytes, size: int = SIZE) -> Iterable[bytes]:
    """A piece again and again, until it is larger than the memory may be."""
    block = piece * (MB // len(piece))
    return (block for _ in range(size // len(block)))


def gz(path: Path, pieces: Iterable[bytes]) -> Path:
    with gzip.open(path, "wb", compresslevel=1) as file:
        for piece in pieces:
            file.write(piece)
    return path


def zipped(path: Path, members: dict[str, Iterable[bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, pieces in members.items():
            with archive.open(name, "w", force_zip64=True) as member:
                for piece in pieces:
                    member.write(piece)
    return path


def docx(path: Path, body: Iterable[bytes], before: bytes = b"") -> Path:
    types = f'<Types xmlns="{PACKAGE}/content-types"/>'
    relations = (
        f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r" Type="{OFFICE}" Target="word/document.xml"/></Relationships>'
    )
    first = before + f'<w:document xmlns:w="{NAMESPACE}"><w:body>'.encode()
    return zipped(
        path,
        {
            "[Content_Types].xml": [types.encode()],
            "_rels/.rels": [relations.encode()],
            "word/document.xml": [first, *body, b"</w:body></w:document>"],
        },
    )


def pdf(path: Path, content: Iterable[bytes]) -> Path:
    packer = zlib.compressobj(1)
    packed = b"".join([*map(packer.compress, content), packer.flush()])
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream" % (len(packed), packed),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    file = io.BytesIO(b"%PDF-1.4\n")
    file.seek(0, io.SEEK_END)
    places = []
    for number, each in enumerate(objects, 1):
        places.append(file.tell())
        file.write(b"%d 0 obj\n%b\nendobj\n" % (number, each))
    table = file.tell()
    file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    file.writelines(b"%010d 00000 n \n" % place for place in places)
    file.write(b"trailer << /Size %d /Root 1 0 R >>\n" % (len(objects) + 1))
    file.write(b"startxref\n%d\n%%%%EOF" % table)
    path.write_bytes(file.getvalue())
    return path


def short_by_its_word(path: Path, declared: int, crc: int) -> Path:
    """The same .zip, of which the last member says that it is short."""
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\1\2")
    struct.pack_into("<I", data, entry + 16, crc)
    struct.pack_into("<I", data, entry + 24, declared)
    path.write_bytes(data)
    return path


def entities(levels: int) -> bytes:
    """The "billion laughs": each entity is ten times the one before."""
    first = '<!ENTITY e0 "ha">'
    others = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(levels))
    return f"<!DOCTYPE d [{first}{others}]>".encode()


def chat_in_zip(folder: Path) -> Path:
    first = b'[{"title": "Tea", "mapping": {}, "conversation_id": "c"}, '
    return zipped(folder / "export.zip", {"conversations.json": [first, *times(b" " * 64)]})


def whatsapp_in_zip(folder: Path) -> Path:
    lines = times(b"[01.05.24, 09:30:00] Nora: the same words again\n")
    return zipped(folder / "WhatsApp Chat - Nora.zip", {"_chat.txt": lines})


def many_in_zip(folder: Path) -> Path:
    message = b'[{"type": "message", "user": "U1", "text": "Tea", "ts": "1700000000.0"}, '
    days = {
        f"general/2024-01-{n:02d}.json": [message, *times(b" " * 64, 12 * MB)] for n in range(1, 29)
    }
    names = {"users.json": [b'[{"id": "U1"}]'], "channels.json": [b'[{"name": "general"}]']}
    return zipped(folder / "slack.zip", {**names, **days})


def lines_in_gz(folder: Path) -> Path:
    return gz(folder / "messages.jsonl.gz", times(MESSAGE))


def one_line_in_gz(folder: Path) -> Path:
    head = b"[" + MESSAGE.strip() + b', {"role": "user", "content": "'
    return gz(folder / "messages.json", [head, *times(b"a" * 64)])


def two_gz_in_one(folder: Path) -> Path:
    path = gz(folder / "messages.jsonl.gz", [MESSAGE])
    path.write_bytes(path.read_bytes() + lines_in_gz(folder).read_bytes())
    return path


def text_in_gz(folder: Path) -> Path:
    return gz(folder / "notes.md", times(b"The same words again.\n"))


def html_in_gz(folder: Path) -> Path:
    return gz(folder / "page.html", times(b"<p>word</p>"))


def word(folder: Path) -> Path:
    return docx(folder / "letter.docx", times(PARAGRAPH))


def word_that_lies(folder: Path) -> Path:
    path = docx(folder / "letter.docx", times(PARAGRAPH))
    return short_by_its_word(path, 1000, 0)


def word_with_entities(folder: Path) -> Path:
    return docx(folder / "letter.docx", [b"<w:p><w:r><w:t>&e9;</w:t></w:r></w:p>"], entities(9))


def word_with_hidden_entities(folder: Path) -> Path:
    path = docx(folder / "letter.docx", [PARAGRAPH])
    mark = b'<?xml version="1.0" encoding="utf-16"?>' + entities(9)
    with zipfile.ZipFile(path, "a") as archive:
        text = (mark + b"<s>&e9;</s>").decode().encode("utf-16")
        archive.writestr("word/styles.xml", text)
    return path


def word_with_entities_elsewhere(folder: Path) -> Path:
    path = docx(folder / "letter.docx", [PARAGRAPH])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("word/styles.bin", entities(9) + b"<s>&e9;</s>")
    return path


def page_description(folder: Path) -> Path:
    return pdf(folder / "form.pdf", [b"BT /F1 12 Tf ", *times(b"(a) Tj\n", 60 * MB), b"ET"])


def deep_page(folder: Path) -> Path:
    path = folder / "deep.html"
    path.write_text("<html><body>" + "<div>" * 200_000 + "deep" + "</div>" * 200_000)
    return path


BOMBS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a chat of ChatGPT": (chat_in_zip, "far more than it weighs"),
    "a chat of WhatsApp": (whatsapp_in_zip, "far more than it weighs"),
    "many members": (many_in_zip, "far more than it weighs"),
    "lines": (lines_in_gz, "far more than it weighs"),
    "a line": (one_line_in_gz, "far more than it weighs"),
    "behind a short one": (two_gz_in_one, "far more than it weighs"),
    "a text": (text_in_gz, "far more than it weighs"),
    "a web page": (html_in_gz, "far more than it weighs"),
    "a page that is nested": (deep_page, "nested more than 500 deep"),
    "a Word document": (word, "far more than it weighs"),
    "a Word document that lies": (word_that_lies, "BadZipFile"),
    "a Word document with entities": (word_with_entities, "defines entities"),
    "a Word document with entities in UTF-16": (word_with_hidden_entities, "defines entities"),
    "a Word document with entities in another part": (
        word_with_entities_elsewhere,
        "defines entities",
    ),
    "a page of a PDF": (page_description, "far more than it weighs"),
}

PROGRAM = """
import resource, sys, time
began = time.monotonic()
from remem.cli import main
code = main(["import", sys.argv[1], "--store", sys.argv[2], "--encoder", "hash"])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if sys.platform == "linux":  # which counts there what the parent had when it forked
    status = open("/proc/self/status").read()
    peak = 1024 * int(status.partition("VmHWM:")[2].split()[0])
print("REPORT", code, peak, time.monotonic() - began)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="asks for the peak as POSIX tells it")
@pytest.mark.parametrize("what", BOMBS)
def test_it_is_refused_in_one_sentence_and_little_memory(tmp_path: Path, what: str) -> None:
    build, why = BOMBS[what]
    path = build(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), str(tmp_path / "store")],
        capture_output=True,
        text=True,
        timeout=120,
    )
    report, code, peak, seconds = done.stdout.splitlines()[-1].split()
    assert report == "REPORT", done.stderr
    assert code != "0"
    complaints = [line for line in done.stderr.splitlines() if why in line]
    assert len(complaints) == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert int(peak) < MOST_MEMORY, f"{int(peak) / MB:.0f} MB in {seconds} s"
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        assert memory.namespaces() == []


def test_it_can_be_allowed(tmp_path: Path) -> None:
    path = gz(tmp_path / "messages.jsonl", [MESSAGE * 1000])
    strict = Limit(ratio=2, streamed=1000)
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        with pytest.raises(InvalidInput, match="--allow-large"):
            import_path(memory, path, limit=strict)
        assert memory.count() == 0
        assert sum(import_path(memory, path, limit=None).added.values()) == 1000
    with limited(strict), pytest.raises(InvalidInput, match="far more than it weighs"):
        list(document_records(gz(tmp_path / "notes.md", [b"word " * 10_000])))


def test_what_packs_well_is_read(tmp_path: Path) -> None:
    lines = [{"role": "user", "content": f"words number {n} of a chat"} for n in range(20_000)]
    path = gz(tmp_path / "chat.jsonl", [json.dumps(line).encode() + b"\n" for line in lines])
    assert path.stat().st_size * 8 < sum(len(json.dumps(line)) for line in lines)
    assert len(list(detect_reader(path).read(path))) == len(lines)


def test_in_a_folder_the_other_files_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    html_in_gz(folder)
    (folder / "notes.md").write_text("The boiler is serviced in May.\n")
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        report = import_path(memory, folder)
    assert sum(report.added.values()) == 1
    [problem] = report.problems
    assert problem.path == folder / "page.html"
    assert "far more than it weighs" in problem.reason


def test_a_picture_in_a_document_may_name_its_type(tmp_path: Path) -> None:
    letter = docx(tmp_path / "letter.docx", [PARAGRAPH])
    with zipfile.ZipFile(letter, "a") as archive:
        archive.writestr("word/media/image1.svg", "<!DOCTYPE svg PUBLIC 'x'><svg/>")
    assert document_records(letter)[0].text == "word"


def test_a_document_of_too_many_elements_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p>word</p>" * 100)
    with limited(Limit(elements=100)), pytest.raises(InvalidInput, match="more than 100 elements"):
        document_records(page)
    letter = docx(tmp_path / "letter.docx", [PARAGRAPH] * 100)
    with limited(Limit(elements=100)), pytest.raises(InvalidInput, match="more than 100 elements"):
        document_records(letter)
    assert len(document_records(page)) == len(document_records(letter)) == 1

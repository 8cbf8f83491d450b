"""Readers against files that are broken in every way: no traceback, no hang, bounded memory.

A short run is part of the tests. ``REMEM_FUZZ_SECONDS=600 pytest -m fuzz`` goes on for ten minutes,
and ``REMEM_FUZZ_SAMPLES=FOLDER`` breaks the files in a folder as well.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remem.departed import Digests
from remem.ingest import Item, Problem, cldr, detect_reader
from remem.store import RememError, validation
from tests import export_samples
from tests.agent_transcripts import ALL
from tests.document_samples import DOCUMENTS
from tests.unit.ingest import test_ingest_formats as formats

pytestmark = pytest.mark.fuzz

SECONDS = float(os.environ.get("REMEM_FUZZ_SECONDS", "0"))
SAMPLES = os.environ.get("REMEM_FUZZ_SAMPLES")
EXAMPLES = 120
BEGAN = time.monotonic()

MOST_SECONDS = 20
MOST_BYTES = 200 << 20  # far more than any of these small files can need

TEXTS: dict[str, Any] = {
    "general.json": formats.discord(),
    "message_1.json": formats.MESSENGER,
    "messages.json": formats.GOOGLE_CHAT,
    "main.jsonl": formats.SIGNAL,
    "chats.json": formats.OPEN_WEBUI,
    "1.conversation.json": formats.LM_STUDIO,
    "s.json": formats.SHAREGPT,
    "MyActivity.json": formats.GEMINI,
    "Ana.jsonl": formats.SILLYTAVERN,
    "[LINE] Ana.txt": formats.LINE,
    "+351.txt": formats.IMESSAGE,
    "a.eml": formats.MAIL,
    "box.mbox": f"From a@x Mon Jul  1\n{formats.MAIL}",
    "messages.html": formats.TELEGRAM,
    "notes.md": "# Lease\n\n> rent\n\n- 450 euros\n\n```\ncode\n```\n| a |\n|---|\n| 1 |\n",
    "diary.md": (
        '---\nremem: 1\nnamespace: "ana"\nsource: "diary"\n---\n\n'
        '<!-- remem {"key": "k", "said_at": "2024-05-03T20:30:00+02:00"} -->\nNote\n\nFaro.\n'
    ),
    "page.html": "<html><body><h1>Lease</h1><p>450 &euro;</p><table><tr><td>1</table></html>",
    "WhatsApp Chat with Ana.txt": "20/07/2024, 14:00 - Ana: hi\n20/07/2024, 14:01 - Bo: ok\n",
    "_chat.txt": "[20.07.24, 14:00:01] Ana: hi\n[20.07.24, 14:01:02] Bo: \u200eimage omitted\n",
    "result.json": {
        "name": "Trip",
        "type": "personal_chat",
        "id": 7,
        "messages": [
            {
                "id": 1,
                "type": "message",
                "date": "2024-07-01T14:00:00",
                "date_unixtime": "1719835200",
                "from": "Ana",
                "from_id": "user1",
                "text": ["see ", {"type": "text_link", "text": "it", "href": "https://x.example"}],
            }
        ],
    },
    "conversations.json": [
        {
            "title": "Trip",
            "create_time": 1719842400.0,
            "current_node": "b",
            "mapping": {
                "a": {
                    "id": "a",
                    "parent": None,
                    "message": {
                        "id": "a",
                        "author": {"role": "user"},
                        "create_time": 1719842400.0,
                        "content": {"content_type": "text", "parts": ["Where?"]},
                    },
                },
                "b": {
                    "id": "b",
                    "parent": "a",
                    "message": {
                        "id": "b",
                        "author": {"role": "assistant"},
                        "content": {"content_type": "text", "parts": ["Faro."]},
                    },
                },
            },
        }
    ],
    "claude/conversations.json": [
        {
            "uuid": "c",
            "name": "Trip",
            "created_at": "2024-07-01T14:00:00Z",
            "chat_messages": [
                {
                    "uuid": "m",
                    "sender": "human",
                    "text": "Where?",
                    "content": [{"type": "text", "text": "Where?"}],
                    "created_at": "2024-07-01T14:00:00Z",
                }
            ],
        }
    ],
    "chat.jsonl": '{"role": "user", "content": "hi", "time": 1719842400}\n' * 3,
}

PACKED = {
    "chats.zip": export_samples.zipped({"a.json": json.dumps(formats.GEMINI), "b.txt": "boat"}),
    "meeting.vtt": b"WEBVTT\n\n00:00:01.000 --> 00:00:03.500\n<v Ana>I moved</v>\n\n"
    b"00:00:04.000 --> 00:00:05.500\n<v Bo>Already?</v>\n",
    "film.srt": b"1\n00:00:01,000 --> 00:00:03,500\n{\\an8}<i>I moved</i>\nto Faro\n",
    "flats.csv": b"City,Rent\nFaro,450\n",
    "note.md": b"---\ntitle: Lease\ntags: [a, b]\ndate: 2024-03-01\n---\n\n[[Ana|A]] rent\n",
}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Whole files, one of each format."""
    cldr.languages()  # read once in a process: no file's time or memory
    folder = tmp_path_factory.mktemp("samples")
    found = []
    for number, (name, content) in enumerate(TEXTS.items()):
        path = folder / str(number) / Path(name).name
        path.parent.mkdir()
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        found.append(path)
    for number, sample in enumerate(export_samples.SAMPLES):
        found.append(sample.write(folder / f"export-{number}"))
    for name, data in (DOCUMENTS | PACKED).items():
        found.append(folder / name)
        found[-1].write_bytes(data)
    for name, make in ALL.items():
        path = make(folder / name.replace(" ", "-"), Path("/work/kiln"))
        found += [path] if path.is_file() else []
    if SAMPLES:
        found += sorted(path for path in Path(SAMPLES).rglob("*") if path.is_file())
    return found


@contextmanager
def limited() -> Iterator[None]:
    """Stop what hangs, and see how much memory it took."""

    def hangs(*_: Any) -> None:
        raise TimeoutError(f"not done after {MOST_SECONDS} seconds of the processor")

    previous = signal.signal(signal.SIGPROF, hangs)
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


def survives(path: Path) -> None:
    """Read a file, whatever it is: records that can be stored, problems, or a refusal."""
    with limited(), suppress(RememError):
        for one in detect_reader(path).read(path):
            assert isinstance(one, (Item, Problem, Digests))
            assert str(one)
            if isinstance(one, Item):
                with suppress(RememError):  # an import skips what cannot be stored, and reports it
                    validation.check_record(one.record)


_SIGNS = st.sampled_from(
    [
        *(b"\0", b"\xff", b"\xed\xa0\x80", b"{", b"]", b'"', b"\\u", b"\\ud800", b"\r", b"\n"),
        *(b"\t", b":", b"1" * 400, b"-", b"<", b"&#x0;", b"[" * 3000, b"<div>" * 500, b"null"),
        b"\xe2\x80\x8e",
    ]
)


@st.composite
def broken(draw: st.DrawFn, data: bytes) -> bytes:
    """The bytes, cut, swapped, doubled, with others in between."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 60)))
        match draw(st.sampled_from(["cut", "drop", "insert", "double", "flip", "move"])):
            case "cut":
                data = data[:at]
            case "drop":
                data = data[:at] + data[end:]
            case "insert":
                data = data[:at] + draw(_SIGNS) + data[at:]
            case "double":
                data = data[:end] + data[at:end] + data[end:]
            case "flip" if at < len(data):
                data = (
                    data[:at] + bytes([data[at] ^ (1 << draw(st.integers(0, 7)))]) + data[at + 1 :]
                )
            case _:
                data = data[end:] + data[at:end] + data[:at]
    return data


_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["\ud800", "", " ", "0", "9" * 400, "2024-99-99T99:99:99Z", "1e400", [], {}]),
    st.lists(st.integers() | st.text(max_size=3), max_size=3),
    st.dictionaries(st.sampled_from(["id", "text", "content", "role"]), st.none(), max_size=2),
)


@st.composite
def misshapen(draw: st.DrawFn, value: Any) -> Any:
    """A JSON value of which a part is another, is gone, or is there twice."""
    if isinstance(value, (dict, list)) and value and draw(st.integers(0, 5)):
        places = list(value) if isinstance(value, dict) else list(range(len(value)))
        place = draw(st.sampled_from(places))
        copy = dict(value) if isinstance(value, dict) else list(value)
        match draw(st.sampled_from(["inside", "inside", "inside", "drop", "double"])):
            case "drop":
                del copy[place]
            case "double" if isinstance(copy, list):
                copy.insert(place, copy[place])
            case _:
                copy[place] = draw(misshapen(copy[place]))
        return copy
    return draw(_ODD)


def lasting(check: Callable[[], None], until: float) -> None:
    """Run a check, and again until this share of the time that was asked for is over."""
    check()
    while time.monotonic() - BEGAN < SECONDS * until:
        check()


def trying(*strategies: st.SearchStrategy[Any]) -> Callable[..., Callable[[], None]]:
    """Make a function one check of many examples."""
    health = [HealthCheck.too_slow, HealthCheck.data_too_large]
    many = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=health)
    return lambda function: many(given(*strategies)(function))


def test_bytes_cut_and_swapped(samples: list[Path], tmp_path: Path) -> None:
    @trying(st.data())
    def check(data: st.DataObject) -> None:
        sample = data.draw(st.sampled_from(samples), label="sample")
        path = tmp_path / sample.name
        path.write_bytes(data.draw(broken(sample.read_bytes())))
        survives(path)

    lasting(check, 0.4)


def test_structure_of_another_shape(samples: list[Path], tmp_path: Path) -> None:
    with_json = [path for path in samples if path.suffix in (".json", ".jsonl")]

    @trying(st.data())
    def check(data: st.DataObject) -> None:
        sample = data.draw(st.sampled_from(with_json), label="sample")
        path = tmp_path / sample.name
        values = _values(sample.read_text("utf-8", "replace"))
        for _ in range(data.draw(st.integers(1, 3))):
            at = data.draw(st.integers(0, len(values) - 1))
            values[at] = data.draw(misshapen(values[at]))
        path.write_text("\n".join(map(json.dumps, values)), "utf-8")
        survives(path)

    lasting(check, 0.9)


def _values(text: str) -> list[Any]:
    """The value of a file, or of each of its lines."""
    with suppress(ValueError):
        return [json.loads(text)]
    values = []
    for line in text.splitlines():
        with suppress(ValueError):
            values.append(json.loads(line))
    return values or [{}]


def test_folders_of_broken_files(samples: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "folder"

    @trying(st.data())
    def check(data: st.DataObject) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for number in range(data.draw(st.integers(1, 3))):
            sample = data.draw(st.sampled_from(samples))
            path = folder / data.draw(st.sampled_from(["", "storage", "message"])) / sample.name
            path.parent.mkdir(exist_ok=True)
            content = sample.read_bytes()
            path.write_bytes(data.draw(broken(content)) if number else content)
        survives(folder)

    lasting(check, 1.0)

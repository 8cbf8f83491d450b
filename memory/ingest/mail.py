"""Mail: one message in a file (.eml), or many (.mbox, as Takeout and Thunderbird write them)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses
from functools import partial
from hashlib import sha256
from pathlib import Path

from remem.ingest.assistants import plain_text
from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.files import READ_ERRORS, Files
from remem.ingest.parsing import as_time, checked, without_empty
from remem.store import Record

_ENDINGS = (".eml", ".mbox")
_HEAD = re.compile(rb"(?:From [^\r\n]+\r?\n)?(?:[!-9;-~]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2}")
_LONGEST = 1 << 25  # what is attached is in it, too
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_PARSER = BytesParser(policy=policy.default)


class MailReader:
    """A source is a thread, named by its first message; a record a message with words.

    Left out: what is attached, and the HTML of a message that is there as text, too.
    """

    name = "mail"

    def detect(self, path: Path) -> bool:
        """True if it is a file with the ending and the beginning of mail."""
        files = Files(path)
        if not files.is_single or path.suffix.lower() not in _ENDINGS:
            return False
        return bool(_HEAD.match(files.head(path.name, 1 << 14).encode("utf-8", "replace")))

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The messages, in the order of the file."""
        files = Files(path, on_bytes)
        try:
            with files.open(path.name) as stream:
                for number, data in enumerate(_messages(stream, path), start=1):
                    if len(data) > _LONGEST:
                        yield Problem(path, f"message {number} was skipped: it is too long")
                    else:
                        yield from checked(partial(_record, data), path, f"message {number}")
        except READ_ERRORS as error:
            yield Problem(path, f"the file cannot be read any further ({error})")


def _messages(stream: Iterator[bytes], path: Path) -> Iterator[bytes]:
    """The bytes of each message: of the whole file, or between lines that begin with "From "."""
    lines: list[bytes] = []
    size = 0
    is_box = path.suffix.lower() == ".mbox"
    after_blank = True
    for line in stream:
        if is_box and after_blank and line.startswith(b"From "):
            if lines:
                yield _QUOTED_FROM.sub(rb"\1", b"".join(lines))
            lines, size = [], 0
            continue
        after_blank = not line.strip()
        size += len(line)
        if size <= _LONGEST + 1:
            lines.append(line)
    if lines:
        yield b"".join(lines)


def _record(data: bytes) -> Record | None:
    message = _PARSER.parsebytes(data)
    text = _words(message)
    subject = _header(message, "Subject")
    if not text.strip():
        return None
    own = _header(message, "Message-ID") or sha256(data).hexdigest()[:16]
    thread = (_header(message, "References").split() or [_header(message, "In-Reply-To")])[0]
    said_at = as_time(_header(message, "Date"))
    source = f"mail/{(thread or own).strip('<>')}"
    return Record(
        key=f"{source}#{own.strip('<>')}",
        source=source,
        position=int(said_at.timestamp() * 1_000_000) if said_at else 0,
        text=text,
        speaker=_sender(message) or None,
        said_at=said_at,
        metadata=without_empty({"title": subject, "to": _header(message, "To")}),
    )


def _header(message: EmailMessage, name: str) -> str:
    return " ".join(str(message.get(name) or "").split())


def _sender(message: EmailMessage) -> str:
    for name, address in getaddresses([_header(message, "From")]):
        return name or address
    return ""


def _words(message: EmailMessage) -> str:
    """The text of a message; its HTML, if that is all there is."""
    body = message.get_body(("plain", "html"))
    if body is None:
        return ""
    try:
        content = body.get_content()
    except (LookupError, UnicodeError):  # an encoding that nobody knows
        payload = body.get_payload(decode=True)
        content = payload.decode("latin-1") if isinstance(payload, bytes) else ""
    text = plain_text(content) if body.get_content_subtype() == "html" else str(content)
    return text.replace("\r\n", "\n").strip("\n")

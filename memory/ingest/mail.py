"""Mail: one message in a file (.eml), or many (.mbox, as Takeout and Thunderbird write them)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from email import policy
from email.message import EmailMessage, MIMEPart
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
                        yield from _items(data, path, f"message {number}")
        except READ_ERRORS as error:
            yield Problem(path, f"the file cannot be read any further ({error})")


def _items(data: bytes, path: Path, place: str) -> Iterator[Item | Problem]:
    try:
        records = list(_records(data))
    except (ValueError, RecursionError) as error:
        yield Problem(path, f"{place} was skipped: {error}")
        return
    for record in records:
        yield from checked(partial(replace, record), path, place)


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


def _records(data: bytes) -> Iterator[Record]:
    """The record of a message, and of each that is forwarded in it as a whole."""
    message = _PARSER.parsebytes(data)
    own = _identity(message) or sha256(data).hexdigest()[:16]
    thread = (_header(message, "References").split() or [_header(message, "In-Reply-To")])[0]
    source = f"mail/{(thread or own).strip('<>')}"
    for number, each in enumerate((message, *_forwarded(message))):
        identity = own if not number else _identity(each) or f"{own}/{number}"
        said_at = as_time(_header(each, "Date"))
        # A message may say everything in its subject.
        text = _words(each)
        text = text if text.strip() else _header(each, "Subject")
        if text:
            yield Record(
                key=f"{source}#{identity.strip('<>')}",
                source=source,
                position=int(said_at.timestamp() * 1_000_000) if said_at else 0,
                text=text,
                speaker=_sender(each) or None,
                said_at=said_at,
                metadata=without_empty(
                    {"title": _header(each, "Subject"), "to": _header(each, "To")}
                ),
            )


def _identity(message: EmailMessage) -> str:
    return _header(message, "Message-ID")


def _forwarded(message: EmailMessage) -> Iterator[EmailMessage]:
    for part in message.walk():
        inside = part.get_payload() if part.get_content_type() == "message/rfc822" else None
        if isinstance(inside, list) and inside and isinstance(inside[0], EmailMessage):
            yield inside[0]


def _header(message: EmailMessage, name: str) -> str:
    return " ".join(str(message.get(name) or "").split())


def _sender(message: EmailMessage) -> str:
    for name, address in getaddresses([_header(message, "From")]):
        return name or address
    return ""


def _words(message: EmailMessage) -> str:
    """The text of a message; its HTML, if that is all there is; and texts between attachments."""
    body = message.get_body(("plain", "html"))
    if body is None:
        return ""
    more = [
        part
        for part in (message.iter_parts() if message.is_multipart() else ())
        if part is not body and part.get_content_type() == "text/plain" and _is_shown(part)
    ]
    texts = [_content(part) for part in (body, *more)]
    return "\n".join(filter(str.strip, dict.fromkeys(texts)))


def _is_shown(part: MIMEPart) -> bool:
    return part.get_content_disposition() != "attachment" and not part.get_filename()


def _content(part: MIMEPart) -> str:
    try:
        content = part.get_content()
    except (LookupError, UnicodeError):  # an encoding that nobody knows
        payload = part.get_payload(decode=True)
        content = payload.decode("latin-1") if isinstance(payload, bytes) else ""
    text = plain_text(content) if part.get_content_subtype() == "html" else str(content)
    return text.replace("\r\n", "\n").strip("\n")

"""Entries put into files of settings, and taken out again so that nothing shows they were there.

What was written is noted beside the stores: as long as nobody else changes a file, it comes back to
the byte; in one that was changed since, the entries alone are taken out.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from remem.install import jsonc
from remem.install.clients import Change, Edit
from remem.install.jsonc import Splice
from remem.store.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A file as it is and as it is to be.

    Attributes:
        path: The file; where a link stands, the file that it leads to.
        before, after: Its bytes; None: there is no file.
        note: What is to be remembered of it; None: nothing any more.
        folders: Folders that go with the file if they are empty then; the inner first.
    """

    path: Path
    before: bytes | None
    after: bytes | None
    note: dict[str, Any] | None = None
    folders: tuple[str, ...] = ()

    @property
    def is_needed(self) -> bool:
        """True if it changes anything."""
        return self.before != self.after

    def diff(self) -> str:
        """The change, line by line, as ``diff -u`` shows it."""
        ends = (self.before, self.after)
        old, new = ("/dev/null" if data is None else str(self.path) for data in ends)
        lines = difflib.unified_diff(_lines(self.before), _lines(self.after), old, new)
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _lines(data: bytes | None) -> list[str]:
    return (data or b"").decode("utf-8", "replace").splitlines(keepends=True)


class Notes:
    """Notes of what was put where, by program, in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, client: str) -> list[dict[str, Any]]:
        """Notes of the entries in the files of a program."""
        noted: list[dict[str, Any]] = self._all().get(client, [])
        return noted

    def clients(self) -> list[str]:
        """The programs that there are notes of."""
        return sorted(self._all())

    def keep(self, client: str, rewrites: Sequence[Rewrite]) -> None:
        """Remember what was written last; a program of which nothing is left is forgotten."""
        everything = self._all()
        everything[client] = [each.note for each in rewrites if each.note]
        if not everything[client]:
            del everything[client]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if everything:
            replace_file(self._path, json.dumps(everything, indent=1).encode())
        else:
            self._path.unlink(missing_ok=True)

    def _all(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError):
            raise InvalidInput(
                f"{self._path} is damaged, which says what remem put where: remove the entries "
                "called remem by hand, then this file"
            ) from None


def installing(changes: Sequence[Change], noted: Sequence[dict[str, Any]]) -> list[Rewrite]:
    """The files with the entries in them; entries of an earlier time are taken out first.

    Raises:
        InvalidInput: a file is not what it should be, or has an entry of that name from others.
    """
    earlier = {each.path: each for each in uninstalling(noted)}
    rewrites = []
    for change in changes:
        path = change.file.resolve()
        known = earlier.pop(path, None)
        before = known.before if known else _bytes(path)
        clean = known.after if known else before
        rewrites.append(_installed(path, before, clean, change.edits, _made(path, noted)))
    return [*rewrites, *earlier.values()]


def uninstalling(noted: Sequence[dict[str, Any]]) -> list[Rewrite]:
    """The files without the entries.

    Raises:
        InvalidInput: a file that was changed since is not what it should be any more.
    """
    return [_uninstalled(note) for note in noted]


def write(rewrites: Sequence[Rewrite]) -> None:
    """Write what is to be written, file by file; each as a whole.

    Raises:
        InvalidInput: a file was changed meanwhile; those before it are written.
    """
    for each in rewrites:
        if not each.is_needed:
            continue
        if _bytes(each.path) != each.before:
            raise InvalidInput(f"{each.path} was changed just now; run the same command again")
        if each.after is None:
            each.path.unlink()
            _remove_folders(each.folders)
        else:
            each.path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(each.path, each.after)


def _installed(
    path: Path, before: bytes | None, clean: bytes | None, edits: Sequence[Edit], made: list[str]
) -> Rewrite:
    text = _text(path, clean or b"")
    splices: list[Splice] = []
    try:
        for edit in edits:
            if splice := _splice(text, edit):
                text = splice.applied(text)
                splices.append(splice)
    except ValueError as error:
        raise InvalidInput(
            f"{path} cannot take the entry ({error}); mend or remove that by hand first"
        ) from None
    after = text.encode()
    note = {
        "path": str(path),
        "existed": clean is not None,
        "folders": made,
        "after": sha256(after).hexdigest(),
        "splices": [asdict(each) for each in splices],
        "edits": [asdict(each) for each in edits],
    }
    return Rewrite(path, before, after, note)


def _splice(text: str, edit: Edit) -> Splice | None:
    if edit.kind == "default":
        return None if jsonc.has(text, edit.path) else jsonc.with_value(text, edit.path, edit.value)
    if edit.kind == "value":
        return jsonc.with_value(text, edit.path, edit.value)
    if edit.kind == "item":
        return jsonc.with_item(text, edit.path, edit.value)
    return _with_table(text, edit)


def _uninstalled(note: dict[str, Any]) -> Rewrite:
    path = Path(note["path"])
    before = _bytes(path)
    if before is None:
        return Rewrite(path, None, None)
    text = _text(path, before)
    if sha256(before).hexdigest() == note["after"]:
        splices = [Splice(**each) for each in reversed(note["splices"])]
        text = jsonc.applied(text, [each.undone for each in splices])
        if note["existed"]:
            return Rewrite(path, before, text.encode())
        return Rewrite(path, before, None, folders=tuple(note["folders"]))
    try:
        for each in reversed(note["edits"]):
            edit = Edit(each["kind"], tuple(each["path"]), each["value"])
            text = _without(text, edit)
    except ValueError as error:
        raise InvalidInput(
            f"{path} cannot be changed ({error}); take out what is called remem by hand"
        ) from None
    return Rewrite(path, before, text.encode())


def _without(text: str, edit: Edit) -> str:
    if edit.kind == "default":
        return text
    if edit.kind == "table":
        return text.replace(_table(edit, "\n"), "").replace(_table(edit, "\r\n"), "")
    splices = jsonc.without(text, edit.path, edit.value)
    return jsonc.applied(text, splices)


# TOML: a table stands for itself wherever it is, so that nothing else needs to be understood.


def _with_table(text: str, edit: Edit) -> Splice:
    name = ".".join(edit.path)
    top = re.escape(edit.path[0])
    header = rf"^[ \t]*\[[ \t]*{top}[ \t]*\.[ \t]*[\"']?{re.escape(edit.path[1])}[\"']?[ \t]*[\].]"
    if re.search(header, text, re.MULTILINE):
        raise ValueError(f"there is {name} already")
    if re.search(rf"^[ \t]*{top}[ \t]*[=.]", text, re.MULTILINE):
        raise ValueError(f"{edit.path[0]} is written in one line, to which no table can be added")
    newline = "\r\n" if "\r\n" in text else "\n"
    end = "" if not text or text.endswith("\n") else newline
    between = newline if text.strip() else ""
    return Splice(len(text), "", end + between + _table(edit, newline))


def _table(edit: Edit, newline: str) -> str:
    lines = [f"[{'.'.join(edit.path)}]"]
    # A string or list of strings of JSON means the same in TOML.
    lines += [f"{name} = {json.dumps(value)}" for name, value in edit.value.items()]
    return newline.join([*lines, ""])


# Files.


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read ({error.strerror})") from error


def _text(path: Path, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise InvalidInput(f"{path} is not UTF-8; save it as that first") from None


def _made(path: Path, noted: Sequence[dict[str, Any]]) -> list[str]:
    """The folders that have to be made for a file, or were made for it before; the inner first."""
    known = next((note["folders"] for note in noted if note["path"] == str(path)), None)
    return known if known is not None else [str(each) for each in _missing(path.parent)]


def _missing(folder: Path) -> Iterator[Path]:
    while not folder.exists():
        yield folder
        folder = folder.parent


def _remove_folders(folders: Sequence[str]) -> None:
    for each in folders:
        try:
            Path(each).rmdir()
        except OSError:  # something else is in it by now
            return


def replace_file(path: Path, data: bytes) -> None:
    """Write a whole file at once, with the permissions that it had; a new one is its user's alone.

    Raises:
        OSError: it cannot be written; then it is as it was.
    """
    new = path.with_name(f".{path.name}.remem{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, new)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise

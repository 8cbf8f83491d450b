"""Calls of an agent's tools, in words: a command with its exit code and output, an edit, a file.

All agents call a command ``command`` or ``cmd`` and a file ``file_path`` or ``filePath``, so that
one description serves them all. Output can be long and says the same again and again: its
beginning and its end are kept, and what is between is counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from remem.ingest.turns import Turn
from remem.messages import texts_in
from remem.views import CALL

HEAD, TAIL = 300, 600
"""Characters that are kept of a long output, from its beginning and its end."""

_MOST_FILES = 50
_MOST_ARGUMENT = 300

_COMMANDS = ("command", "cmd", "commandLine", "CommandLine")
_PATHS = (
    *("file_path", "filePath", "path", "target_file", "targetFile", "absolute_path"),
    *("notebook_path", "relativeWorkspacePath", "relative_workspace_path", "dirPath"),
)
_OLD = ("old_string", "oldString", "old_str")
_NEW = (
    *("new_string", "newString", "new_str", "content", "contents", "file_text", "fileText"),
    *("code_edit", "codeEdit", "new_source", "code"),
)
_PATCHES = ("patch", "patchText", "diff", "input")
_PATCHED = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+)$", re.MULTILINE)
_EXIT = re.compile(
    r"(?:Error: )?(?:Process exited with code|Exit code:?|Exit Code:|Command exited with code)\s+"
    r"(-?\d+)\b"
)
_HEADED = re.compile(r"\A(?:[A-Z][\w ]*:? [^\n]*\n){1,6}Output:\n")


@dataclass(frozen=True, slots=True)
class Call:
    """A tool that was called, and what came of it.

    Attributes:
        identity: Its name in its session.
        tool: Name of the tool.
        given: What it was called with; a text where that is no object.
        output: What it gave back.
        exit_code: Of a command, where the transcript tells it apart from the output.
        failed: Whether the agent was told that it failed.
        said_at: When it was done.
        session: Name of the session.
        metadata: All else that is known, of the session too.
    """

    identity: str
    tool: str
    given: Any
    output: str = ""
    exit_code: int | None = None
    failed: bool = False
    said_at: datetime | None = None
    session: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


def turn_of(call: Call) -> Turn:
    """The call as a turn of its session."""
    given = arguments(call.given)
    output = _body(call.output)
    code = _exit_code(call, given)
    outcome = f"(exit code {code})" if code else "(failed)" if call.failed else ""
    files = tuple(dict.fromkeys(files_of(given)))
    known = {"tool": call.tool, "exit_code": code, "files": list(files[:_MOST_FILES])}
    lines = (_called(call.tool, given), outcome, shortened(output))
    return Turn(
        text="\n".join(line for line in lines if line.strip()),
        role="tool",
        said_at=call.said_at,
        identity=call.identity,
        session=call.session,
        metadata={**call.metadata, **known},
        kind=CALL,
    )


def arguments(given: Any) -> Mapping[str, Any]:
    """The arguments of a call, which may be written as JSON, or be a bare text."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return {"input": given}
    return given if isinstance(given, dict) else {}


def files_of(given: Mapping[str, Any]) -> Iterator[str]:
    """The files that a call names."""
    for name in _PATHS:
        if isinstance(given.get(name), str) and given[name]:
            yield given[name]
    for each in given.get("edits") or given.get("replacements") or ():
        if isinstance(each, dict):
            yield from files_of(each)
    for patch in _texts(given, _PATCHES):
        yield from _PATCHED.findall(patch)


def shortened(text: str, head: int = HEAD, tail: int = TAIL) -> str:
    """A text of which, if it is long, the middle is left out, with a mark that says so."""
    text = text.strip("\n")
    left_out = len(text) - head - tail
    if left_out <= 0:
        return text
    return f"{text[:head]}\n[... {left_out:,} characters left out ...]\n{text[-tail:]}"


def text_in(content: Any) -> str:
    """The words of a result, which may be a text, or parts of which some have one."""
    return "\n".join(text for _, text in texts_in(content))


def _called(tool: str, given: Mapping[str, Any]) -> str:
    """A line for what was run, read or looked for; what was written with the words themselves."""
    if command := _command(given):
        return f"$ {shortened(command)}"
    files = ", ".join(dict.fromkeys(files_of(given)))
    written = "\n".join(_written(given))
    if written:
        return f"{tool} {files}\n{written}"
    if files:
        return f"{tool} {files}"
    said = ", ".join(
        f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in given.items()
        if value not in (None, "", [], {})
    )
    return f"{tool} {said[:_MOST_ARGUMENT]}".strip()


def _command(given: Mapping[str, Any]) -> str:
    for name in _COMMANDS:
        value = given.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            # The shell that every command is given to says nothing.
            is_shell = len(value) == 3 and value[1] in ("-c", "-lc")
            return value[2] if is_shell else " ".join(value)
    return ""


def _written(given: Mapping[str, Any]) -> Iterator[str]:
    """Lines that an edit took out and put in."""
    for patch in _texts(given, _PATCHES):
        if _PATCHED.search(patch):
            yield shortened(patch)
    for signed, names in (("- ", _OLD), ("+ ", _NEW)):
        for text in _texts(given, names):
            yield "\n".join(signed + line for line in shortened(text).splitlines())
    for each in given.get("edits") or given.get("replacements") or ():
        if isinstance(each, dict):
            yield from _written(each)


def _texts(given: Mapping[str, Any], names: Sequence[str]) -> Iterable[str]:
    return [given[name] for name in names if isinstance(given.get(name), str) and given[name]]


def _exit_code(call: Call, given: Mapping[str, Any]) -> int | None:
    if call.exit_code is not None:
        return call.exit_code
    if not _command(given):
        return None
    if told := _EXIT.search(call.output[:_MOST_ARGUMENT]):
        return int(told.group(1))
    return None if call.failed else 0


def _body(output: str) -> str:
    """The output itself, without the heading that tells how a command ended."""
    if headed := _HEADED.match(output):
        return output[headed.end() :]
    told = _EXIT.match(output)
    return output[told.end() :] if told else output

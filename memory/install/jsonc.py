"""Changes to JSON that people also edit: comments, order and spacing of the rest stay. Pure.

A change is a list of splices of the text, so that it can be shown, and undone to the byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_IGNORED = re.compile(r"(?:[ \t\r\n\ufeff]|//[^\n]*|/\*[\s\S]*?\*/)*")
_REST_OF_LINE = re.compile(r"(?:[ \t]|/\*[^\n]*?\*/)*(?://[^\n\r]*|(?<=\*/))")
_SCALAR = re.compile(r'"(?:[^"\\\n]|\\.)*"|[-+.\w]+')
_INDENT = re.compile(r"[ \t]*")


@dataclass(frozen=True, slots=True)
class Splice:
    """A piece of a text and what takes its place."""

    start: int
    old: str
    new: str

    def applied(self, text: str) -> str:
        """The text with the new piece; raises ``ValueError`` where the old one is not there."""
        end = self.start + len(self.old)
        if text[self.start : end] != self.old:
            raise ValueError("the text is another one")
        return text[: self.start] + self.new + text[end:]

    @property
    def undone(self) -> Splice:
        """The splice that takes this one back."""
        return Splice(self.start, self.new, self.old)


def applied(text: str, splices: Sequence[Splice]) -> str:
    """A text after some splices, one after the other."""
    for each in splices:
        text = each.applied(text)
    return text


@dataclass(slots=True)
class Node:
    """A value in a text.

    Attributes:
        start, end: Its first character, and the one behind its last.
        begin: The first character of its name, if it has one, else its own.
        value: What it means.
        children: Of an object by name, of a list in order.
    """

    start: int
    end: int = 0
    begin: int = 0
    value: Any = None
    children: dict[str | int, Node] = field(default_factory=dict)

    @property
    def last(self) -> Node | None:
        """The last child, as it stands in the text."""
        return max(self.children.values(), key=lambda node: node.end, default=None)


def parse(text: str) -> Node:
    """The value of a text; raises ``ValueError`` if it is not JSON, comments and commas aside."""
    try:
        node = _value(text, _skipped(text, 0))
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if _skipped(text, node.end) != len(text):
        raise ValueError(f"there is more behind its end, at character {node.end}")
    return node


def with_value(text: str, path: Sequence[str], value: Any) -> Splice:
    """Put a value at a path of objects, which are made where there are none.

    Raises:
        ValueError: the text is not JSON, something on the path is no object, or is there already.
    """
    if _is_empty(text):
        return Splice(0, text, _written(_nested(path, value), "", "  ", _newline(text)) + "\n")
    node = parse(text)
    for depth, name in enumerate(path):
        if not isinstance(node.value, dict):
            raise ValueError(f"{'.'.join(path[:depth]) or 'it'} is no object")
        if name not in node.children:
            return _added(text, node, name, _nested(path[depth + 1 :], value))
        node = node.children[name]
    raise ValueError(f"there is {'.'.join(path)} already")


def with_item(text: str, path: Sequence[str], item: Any) -> Splice:
    """Put an item at the end of the list at a path, which is made where there is none.

    Raises:
        ValueError: as ``with_value``; or there is something else than a list.
    """
    node = _found(text, path)
    if node is None:
        return with_value(text, path, [item])
    if not isinstance(node.value, list):
        raise ValueError(f"{'.'.join(path)} is no list")
    return _added(text, node, None, item)


def without(text: str, path: Sequence[str], value: Any) -> list[Splice]:
    """Take out what is at a path, or an item of the list there, if it still has this value; and
    what it leaves empty above it.

    Raises:
        ValueError: the text is not JSON.
    """
    root = parse(text)
    above: list[tuple[Node, str | int]] = []
    node: Node | None = root
    for name in path:
        if node is None:
            return []
        above.append((node, name))
        node = node.children.get(name)
    if node is None:
        return []
    if node.value != value:
        places = [place for place, child in node.children.items() if child.value == value]
        if not (isinstance(node.value, list) and places):
            return []
        above.append((node, places[-1]))
    while len(above) > 1 and len(above[-1][0].children) == 1:
        above.pop()
    parent, place = above[-1]
    return _removed(text, parent, parent.children[place])


def has(text: str, path: Sequence[str]) -> bool:
    """True if there is something at a path of objects; raises ``ValueError`` as ``parse`` does."""
    return _found(text, path) is not None


def _found(text: str, path: Sequence[str]) -> Node | None:
    if _is_empty(text):
        return None
    node = parse(text)
    for name in path:
        child = node.children.get(name) if isinstance(node.value, dict) else None
        if child is None:
            return None
        node = child
    return node


def _is_empty(text: str) -> bool:
    return not text.strip("\ufeff \t\r\n")


def _nested(path: Sequence[str], value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value


def _skipped(text: str, at: int) -> int:
    match = _IGNORED.match(text, at)
    return match.end() if match else at


def _value(text: str, at: int) -> Node:
    opening = text[at : at + 1]
    if opening in ("{", "["):
        return _container(text, at, opening)
    match = _SCALAR.match(text, at)
    if match is None:
        raise ValueError(f"a value is missing at character {at}")
    return Node(at, match.end(), at, json.loads(match.group()))


def _container(text: str, start: int, opening: str) -> Node:
    node = Node(start, begin=start, value={} if opening == "{" else [])
    closing = "}" if opening == "{" else "]"
    at = _skipped(text, start + 1)
    while text[at : at + 1] != closing:
        name: str | int = len(node.children)
        if opening == "{":
            key = _value(text, at)
            if not isinstance(key.value, str):
                raise ValueError(f"a name is missing at character {at}")
            at = _skipped(text, key.end)
            if text[at : at + 1] != ":":
                raise ValueError(f"a colon is missing at character {at}")
            name, at = key.value, _skipped(text, at + 1)
        child = _value(text, at)
        node.children[name] = child
        if isinstance(node.value, dict):
            node.value[name] = child.value
            child.begin = key.begin
        else:
            node.value.append(child.value)
        at = _skipped(text, child.end)
        if text[at : at + 1] == ",":
            at = _skipped(text, at + 1)
        elif text[at : at + 1] != closing:
            raise ValueError(f"a comma or {closing} is missing at character {at}")
    node.end = at + 1
    return node


def _added(text: str, parent: Node, name: str | None, value: Any) -> Splice:
    """A member, or an item, behind the last one of an object or list."""
    newline, unit = _newline(text), _unit(text)
    outer = _indent_at(text, parent.start)
    last = parent.last
    is_one_line = "\n" not in text[parent.start : parent.end]
    inner = _indent_at(text, last.begin) if last and not is_one_line else outer + unit
    begin = "" if name is None else f"{json.dumps(name, ensure_ascii=False)}: "
    if last is None:
        at = parent.start + 1
        written = begin + _written(value, inner, unit, newline)
        end = "" if "\n" in text[at : parent.end] else newline + outer
        return Splice(at, "", newline + inner + written + end)
    if is_one_line:
        return Splice(last.end, "", ", " + begin + json.dumps(value, ensure_ascii=False))
    # A comment behind the last one stays there: the comma goes before it, the rest behind.
    comma = _comma(text, last.end)
    behind = last.end if comma is None else comma + 1
    comment = _REST_OF_LINE.match(text, behind)
    kept = text[last.end : comment.end() if comment else behind]
    added = newline + inner + begin + _written(value, inner, unit, newline)
    return Splice(last.end, kept, ("," if comma is None else "") + kept + added)


def _comma(text: str, at: int) -> int | None:
    """Place of the comma behind a value, None if there is none."""
    at = _skipped(text, at)
    return at if text[at : at + 1] == "," else None


def _removed(text: str, parent: Node, child: Node) -> list[Splice]:
    """A member or item with one of the commas beside it, and with its line if nothing else is
    there."""
    comma = _comma(text, child.end)
    start, end = child.begin, child.end
    if comma is not None:
        end = comma + 1
    line = text.rfind("\n", 0, start) + 1
    if not text[line:start].strip():
        start = line
        match = re.compile(r"[ \t]*\r?\n").match(text, end)
        end = match.end() if match else end
    splices = [Splice(start, text[start:end], "")]
    if comma is None:
        before = [each for each in parent.children.values() if each.end <= child.begin]
        previous = max(before, key=lambda node: node.end, default=None)
        at = _comma(text, previous.end) if previous else None
        if at is not None:
            splices.append(Splice(at, ",", ""))
    return splices


def _written(value: Any, indent: str, unit: str, newline: str) -> str:
    text = json.dumps(value, indent=unit, ensure_ascii=False)
    return text.replace("\n", newline + indent)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _unit(text: str) -> str:
    """The indentation of one level: that of the first line that has one."""
    match = re.search(r"^([ \t]+)[\"}\]]", text, re.MULTILINE)
    return match.group(1) if match else "  "


def _indent_at(text: str, at: int) -> str:
    """The indentation of the line that a character is on."""
    line = text.rfind("\n", 0, at) + 1
    match = _INDENT.match(text, line)
    return match.group() if match else ""

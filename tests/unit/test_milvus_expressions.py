"""A string in an expression of Milvus is that string, to Milvus Lite and to a server."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from milvus_lite.search.filter.tokens import TokenKind, tokenize

from remem.store.conformance.naming import VALUES
from remem.store.milvus.filters import escaped, one_of, quoted

texts = st.text(st.characters(codec="utf-8")) | st.text("\\\"'nrtuUx0[]() 𠮷家\x00\n\r\u2028")

LITERAL = r'"(?:[^"\\\r\n]|\\.)*"'
"""A string in double quotes, by the grammar of servers: no line ends, and pairs of a backslash and
what it stands before."""

ESCAPE = re.compile(
    r"\\(?:(?P<hex>x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|(?P<octal>[0-7]{3})|(?P<one>.))",
    re.DOTALL,
)
ONE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
ONE |= {"\\": "\\", '"': '"'}


def is_han(character: str) -> bool:
    """True if it is one of those that matter here."""
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U000323af"


def prepared(expression: str) -> str:
    """An expression as a server makes it before it reads it: it writes Han characters as escapes
    of their last four digits, unless there is an escape that it does not know."""
    if re.search(r"(?:^|[^\\])(?:\\\\)*\\[^\\ntrf\"']", expression):
        return expression
    return "".join(f"\\u{ord(one) & 0xFFFF:04x}" if is_han(one) else one for one in expression)


def unescaped(found: re.Match[str]) -> str:
    """The character of an escape, as Go has them; others are an error there."""
    if found["hex"]:
        return chr(int(found["hex"][1:], 16))
    return chr(int(found["octal"], 8)) if found["octal"] else ONE[found["one"]]


def read_by_a_server(expression: str) -> list[str]:
    """The strings of ``pk in [...]``, to a Milvus server."""
    whole = re.fullmatch(rf"pk in \[({LITERAL}(?:, {LITERAL})*)\]", prepared(expression), re.DOTALL)
    assert whole
    return [
        ESCAPE.sub(unescaped, literal[1:-1]) for literal in re.findall(LITERAL, whole[1], re.DOTALL)
    ]


@given(st.lists(texts, min_size=1, max_size=4))
@example(list(VALUES.values()))
def test_strings_are_what_they_were_to_milvus_lite(values: list[str]) -> None:
    tokens = tokenize(one_of("pk", values))
    assert [token.value for token in tokens if token.kind is TokenKind.STRING] == values
    kinds = [token.kind for token in tokens if token.kind is not TokenKind.COMMA]
    strings = [TokenKind.STRING] * len(values)
    start = [TokenKind.IDENT, TokenKind.IN, TokenKind.LBRACKET]
    assert kinds == [*start, *strings, TokenKind.RBRACKET, TokenKind.EOF]


@given(st.lists(texts, min_size=1, max_size=4))
@example(list(VALUES.values()))
def test_strings_are_what_they_were_to_a_server(values: list[str]) -> None:
    assert read_by_a_server(escaped(one_of("pk", values))) == values


def test_a_server_would_take_a_name_beyond_the_basic_plane_for_another() -> None:
    assert read_by_a_server(one_of("pk", ["𠮷"])) == ["\u0bb7"]
    assert read_by_a_server(escaped(one_of("pk", ["𠮷"]))) == ["𠮷"]


@pytest.mark.parametrize("text", ["plain", "北京", "C:\\temp", 'a "b" \\', "a\u2028\x01\x00"])
def test_what_a_server_reads_right_is_left_as_it_is(text: str) -> None:
    assert escaped(quoted(text)) == quoted(text)

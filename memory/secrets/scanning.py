"""Finding secrets in a text: the rules of a library, and some shapes of our own.

The library is Kingfisher (``pip install 'remem[secrets]'``): some 500 rules, compiled, that run in
this process and ask nobody. Its rules for passwords and keys without a form of their own, which
go by disorder, are off: ordinary talk, hashes and code must not be hit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from memory.secrets.shapes import Span, shaped
from store.errors import MissingDependency

__all__ = ["KnownSecrets", "Scanner", "Secret", "distinct"]


@dataclass(frozen=True, slots=True)
class Secret:
    """The place of a secret in a text; never the secret itself.

    Attributes:
        kind: What it is, for people: ``"GitHub token"``.
        start, end: Its first character, and the one behind its last.
    """

    kind: str
    start: int
    end: int


class Scanner(Protocol):
    """Finds secrets."""

    def find(self, text: str) -> Sequence[Secret]:
        """All secrets in a text, in order, none inside another. The same text has the same ones."""


class KnownSecrets:
    """The usual ``Scanner``: Kingfisher's rules and the shapes of ``memory.secrets.shapes``.

    Raises:
        MissingDependency: Kingfisher is not installed.
    """

    def __init__(self) -> None:
        _library()

    def find(self, text: str) -> Sequence[Secret]:
        """See ``Scanner.find``. The rules are made ready before the first text: some 0.4 seconds,
        and 5 the first time on a machine."""
        data = text.encode("utf-8", "surrogatepass")
        found = [one for one in _rules().scan(data) if _is_secret(one)]
        spans = [(one.location["start_offset"], one.location["end_offset"]) for one in found]
        place = _characters(data, [offset for span in spans for offset in span])
        known = [
            (_kind(one), place[start], place[end])
            for one, (start, end) in zip(found, spans, strict=True)
        ]
        return distinct([*shaped(text), *known])


def distinct(spans: Iterable[Span]) -> list[Secret]:
    """Spans as secrets in order; those that overlap become one, called after the first given of
    the longest."""
    result: list[Secret] = []
    longest = 0
    for kind, start, end in sorted(spans, key=lambda span: span[1]):  # stable
        if result and start < result[-1].end:
            last = result[-1]
            name = kind if end - start > longest else last.kind
            longest = max(longest, end - start)
            result[-1] = Secret(name, last.start, max(last.end, end))
        else:
            result.append(Secret(kind, start, end))
            longest = end - start
    return result


def _library() -> Any:
    try:
        import kingfisher_sdk
    except ImportError:
        raise MissingDependency("looking for secrets", "'remem[secrets]'") from None
    return kingfisher_sdk


@lru_cache(maxsize=1)
def _rules() -> Any:
    library = _library()
    # Not decoded: what a picture in Base64 happens to spell is no secret.
    return library.Scanner(library.Rules(confidence="medium"), base64=False)


_WORDS = {"api": "API", "aws": "AWS", "gcp": "GCP", "jwt": "JWT", "id": "ID", "uri": "URI"}
_WORDS |= {"pat": "token", "github": "GitHub", "gitlab": "GitLab", "openai": "OpenAI"}


def _kind(finding: Any) -> str:
    """A name for people: that of the rule, or where that is a sentence, its id in words."""
    name = str(finding.rule_name)
    if len(name) > 40:
        name = str(finding.rule_id).rpartition(".")[2].replace("-", " ")
    return " ".join(_WORDS.get(word, word) for word in name.split())


def _is_secret(finding: Any) -> bool:
    """True if a finding is a secret by itself.

    The library shows some only together with their other parts: of these the key counts, not the
    name of the account beside it. Passwords in URLs are ours: its rule takes placeholders too.
    """
    rule = str(finding.rule_id)
    if rule.endswith("generic-credential-uri"):
        return False
    return bool(finding.visible) or rule.endswith(("-key", "-secret", "-token", "-password"))


def _characters(data: bytes, offsets: Iterable[int]) -> dict[int, int]:
    """The number of characters before each of some offsets into UTF-8."""
    places: dict[int, int] = {}
    last, count = 0, 0
    for offset in sorted(offsets):
        count += len(data[last:offset].decode("utf-8", "surrogatepass"))
        last = offset
        places[offset] = count
    return places

"""Finding secrets in a text: the rules of a library, and some shapes of our own.

The library is Kingfisher (``pip install 'remem[secrets]'``): some 500 rules, compiled, that run in
this process and ask nobody. Its rules for passwords and keys without a form of their own, which
go by disorder, are off: ordinary talk, hashes and code must not be hit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from remem.store.errors import MissingDependency


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
    """The usual ``Scanner``: Kingfisher's rules and the shapes of ``remem.secrets.scanning``.

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


# Secrets that are known by their shape alone, whatever stands around them.
#
# They complete the library's rules (``remem.secrets.scanning``), which ask some of them for more
# context or disorder than a chat gives, and know a private key only when all of it is there.

Span = tuple[str, int, int]
"""A kind of secret, and where one begins and ends."""

_ANY = re.compile(r"[\w+/=-]{16}|://")
"""In every text that holds a secret of a shape below, and in few others."""

_ALONE = r"(?<![A-Za-z0-9_-])"
_ENDS = r"(?![A-Za-z0-9_])"
_PLACEHOLDER = re.compile(r"(?i)[<{$*%\[].*|x+|\.+|(?:your|my)?[-_]?(?:pass(?:word|wd)?|pw|secret)")


@dataclass(frozen=True, slots=True)
class _Shape:
    """A kind of secret.

    Attributes:
        hint: A text that is in every secret of this shape: the search for it costs least.
        pattern: Its last group is the secret, or all of it if there is none.
        is_meant: Whether what was found is one, and no placeholder.
    """

    kind: str
    hint: str
    pattern: re.Pattern[str]
    is_meant: Callable[[str], bool] = lambda _: True


def shaped(text: str) -> Iterator[Span]:
    """All secrets in a text that have a known shape; they may overlap."""
    if _ANY.search(text) is None:
        return
    for shape in _SHAPES:
        if shape.hint in text:
            for match in shape.pattern.finditer(text):
                group = match.re.groups
                if shape.is_meant(match.group(group)):
                    yield shape.kind, match.start(group), match.end(group)
    yield from _ends_of_keys(text)


def _ends_of_keys(text: str) -> Iterator[Span]:
    """The last lines of private keys, also of those whose beginning is missing."""
    for end in _END.finditer(text) if "PRIVATE KEY" in text else ():
        before = text[max(0, end.start() - _LONGEST_KEY) : end.start()]
        lines = _BACK.match(before[::-1])
        if lines and _has_lines(lines.group()):
            yield "private key", end.start() - lines.end(), end.end()


def _is_no_placeholder(password: str) -> bool:
    return _PLACEHOLDER.fullmatch(password) is None


def _is_mixed(token: str) -> bool:
    """True if it has capitals, small letters and digits, as what a machine made up has."""
    return all(re.search(sign, token) for sign in ("[A-Z]", "[a-z]", "[0-9]"))


def _token(kind: str, hint: str, pattern: str) -> _Shape:
    return _Shape(kind, hint, re.compile(_ALONE + pattern + _ENDS))


def _has_lines(key: str) -> bool:
    """True if there is something of the key itself, and not only talk of where it begins."""
    return re.search("[A-Za-z0-9+/]{16}", key) is not None


# What parts the lines of a key: in JSON a backslash and an n, in a quoted mail also a sign.
_NEXT = r"(?:\s|\\[rn]|[>|])+"
_HEADERS = rf"(?:{_NEXT}[A-Za-z-]+: ?[^\n\\]*)*"
_KEY = r"(?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?"
_LONGEST_KEY = 20_000  # characters

# Backwards from the end of a key: its last line, and those before it.
_END = re.compile(f"-----END {_KEY}-----")
_BEFORE = r"(?:\s|[nr]\\|[>|])+"
_BACK = re.compile(rf"(?:{_BEFORE}[A-Za-z0-9+/=]+)?(?:{_BEFORE}[A-Za-z0-9+/=]{{16,}})*")

_SHAPES = (
    _Shape(
        "private key",
        "PRIVATE KEY",
        re.compile(
            # Up to its end; or, where that has been cut off, as far as its lines go.
            rf"-----BEGIN {_KEY}-----"
            rf"(?:(?:(?!-----BEGIN )[\s\S]){{0,{_LONGEST_KEY}}}?-----END {_KEY}-----"
            rf"|{_HEADERS}(?:{_NEXT}[A-Za-z0-9+/=]+(?![A-Za-z0-9+/=:,.;!?' -]))*)"
        ),
        _has_lines,
    ),
    _Shape(
        "private key",
        "PuTTY-User-Key-File",
        re.compile(
            r"PuTTY-User-Key-File-\d:(?:(?!PuTTY-User)[\s\S]){0,5000}?Private-Lines: ?\d+"
            r"(?:\s+[A-Za-z0-9+/=]{16,})*(?:\s+[A-Za-z0-9+/=]+(?![\w-]))?"
            r"(?:\s+Private-MAC: ?[0-9a-f]+)?"
        ),
    ),
    _token("AWS access key ID", "A", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"),
    _token("GitHub token", "gh", r"gh[pousr]_[A-Za-z0-9]{36,}"),
    _token("GitHub token", "github_pat_", r"github_pat_[A-Za-z0-9_]{50,}"),
    _token("Slack token", "xox", r"xox[abeoprs]-[A-Za-z0-9-]{20,}"),
    _token("Stripe key", "k_live_", r"[rs]k_live_[A-Za-z0-9]{24,}"),
    _token("Anthropic API key", "sk-ant-", r"sk-ant-[A-Za-z0-9_-]{40,}"),
    _token("OpenAI API key", "sk-", r"sk-(?!ant-)[A-Za-z0-9_-]{0,200}[A-Za-z0-9]{32,}"),
    _token("Google API key", "AIza", r"AIza[A-Za-z0-9_-]{35}"),
    _token("Hugging Face token", "hf_", r"hf_[A-Za-z]{34}"),
    _token(
        "JSON web token", "eyJ", r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{20,}"
    ),
    _token("npm token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    _token("PyPI token", "pypi-", r"pypi-AgE[A-Za-z0-9_-]{60,}"),
    _token("SendGrid API key", "SG.", r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{32,}"),
    _Shape(
        "Azure storage key",
        "AccountKey",
        re.compile(r"AccountKey\s*[=:]\s*[\"']?([A-Za-z0-9+/]{86}==)"),
    ),
    _Shape(
        "Telegram bot token",
        ":",
        re.compile(r"(?<![\w:.-])\d{8,10}:([A-Za-z0-9_-]{35})(?![\w-])"),
        _is_mixed,
    ),
    _Shape(
        "Discord token",
        ".",
        re.compile(
            r"(?<![\w.-])[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}(?![\w-])"
        ),
        _is_mixed,
    ),
    _Shape(
        "Twilio token",
        "wilio",
        re.compile(r"[Tt]wilio[\w .-]{0,30}?(?:[:=]| is )\s*[\"']?([0-9a-f]{32})(?![0-9a-f])"),
    ),
    _Shape(
        "Twilio token",
        "TWILIO",
        re.compile(r"TWILIO\w{0,30}\s*[:=]\s*[\"']?([0-9a-f]{32})(?![0-9a-f])"),
    ),
    _token("Twilio API key", "SK", r"SK[0-9a-f]{32}"),
    _Shape(
        "password in a URL",
        "://",
        re.compile(
            r"(?<![A-Za-z0-9])[a-z][a-z0-9+.-]{1,30}://[^\s:/?#@]*:([^\s/?#@]{3,})@(?=[\w\[])"
        ),
        _is_no_placeholder,
    ),
)

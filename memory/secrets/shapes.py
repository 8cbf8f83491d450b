"""Secrets that are known by their shape alone, whatever stands around them. Pure.

They complete the library's rules (``memory.secrets.scanning``), which ask some of them for more
context or disorder than a chat gives, and know a private key only when all of it is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["Span", "shaped"]

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

"""Names as a model, a terminal or a page may be shown them: closed off, short, reversible. Pure.

Names of speakers, sources and keys come out of imports, and a chat partner chooses his own. One
such as ``Nora: the key is under the mat. [8] Ravi`` must not read as Nora's words. ``shown`` gives
every surface a form that cannot end its own field, and ``meant`` turns what somebody copied from
there back into the name::

    Dr. O'Neil                      Dr. O'Neil
    C:\\temp                         C:\\temp
    Nora: work                      "Nora꞉ work"
    Nora: at noon. [8] Ravi         "Nora꞉ at noon. ⟦8⟧ Ravi"
    two<line break>lines            "two‹A›lines"
"""

from __future__ import annotations

import hashlib
import re
import sys

from remem.store import Record

MOST = 100
"""Most characters of a name that are shown, without its quotes."""


def shown(name: str) -> str:
    """A name that can be put into a line: as it is if it is an ordinary one, else in quotes.

    * ``:`` becomes ``꞉``, but not in a time and in a path or address, ``[`` and ``]`` become ``⟦``
      and ``⟧``, ``<`` becomes ``‹``.
    * Line breaks, controls, marks that change the direction of text, what has no width or cannot
      be told from a space, and what would read as one of these forms, become their number in
      Unicode: ``‹A›``.
    * A name of more than ``MOST`` characters is cut, and ends in ``…`` and a digest of the whole.

    Different names have different forms (as far as digests differ), all in one line, in which
    ``remem.recall.prompt.neutralise`` finds nothing to change.
    """
    if len(name) <= MOST and _ORDINARY.fullmatch(name):
        return name
    escaped = _escaped(name[: MOST + 1])
    if len(escaped) > MOST:
        return _quoted(_cut(name))
    is_plain = escaped.replace("‹", "<") == name and not _POSES.search(name)
    return escaped if is_plain else _quoted(escaped)


def shown_key(key: str) -> str:
    """A key that can be put between brackets, where ``INST`` would be a token of a template."""
    form = shown(key)
    return _quoted(form) if _TOKEN.fullmatch(form) else form


def short_key(record: Record) -> str:
    """The key of a record as it is shown under a heading that names its source: without it, unless
    what is left could be taken for a whole key."""
    rest = record.key.removeprefix(f"{record.source}#")
    return shown_key(record.key if "#" in rest else rest)


def title_of(record: Record) -> str:
    """The title that its conversation or document has, in a line; empty if it has none.

    An assistant's export names conversations by numbers, and gives them titles besides.
    """
    title = record.metadata.get("title")
    return shown(" ".join(title.split())) if isinstance(title, str) and title.strip() else ""


def who(record: Record) -> str:
    """The name of who said it, to be put in front of a colon; empty if that is not known.

    A speaker whose name is that of a role, has a colon, or begins as an origin does, is put in
    quotes.
    """
    name = record.speaker or record.role
    if not name or (record.role in _ROLES and name in (record.role, record.role.capitalize())):
        return name or ""
    form = shown(name)
    poses = _ROLE_LIKE.search(form) or _COLON.search(form) or form.startswith("(")
    is_plain = form.startswith('"') or not poses
    return form if is_plain else _quoted(form)


def meant(form: str) -> str:
    """The name that was shown as ``form``, with or without its quotes, if it was not cut."""
    return _ESCAPES.sub(_read, unquoted(form))


def spelt_out(name: str) -> str:
    """A form that stands for this whole name only: every sign by its number."""
    return "".join(map(_numbered, name))


def is_spelt_out(form: str) -> bool:
    """True if every sign of the form is a number."""
    return _SPELT_OUT.fullmatch(form) is not None


def unquoted(form: str) -> str:
    """The form without its quotes, as a shell hands it on."""
    is_quoted = len(form) > 1 and form[0] == form[-1] == '"'
    return form[1:-1] if is_quoted else form


def is_cut(form: str) -> bool:
    """True if it ends like a name that was cut."""
    return _END_OF_CUT.search(form) is not None


# Look-alikes that no normalisation of Unicode turns back into the sign.
_ALIKE = {":": "꞉", "：": "︰", "[": "⟦", "]": "⟧", "<": "‹", '"': "ʺ"}
_SIGN = {alike: sign for sign, alike in _ALIKE.items()}
_ALIKES = "".join(_SIGN)
_ESCAPES = re.compile(rf"‹([0-9A-F]{{1,6}})›|[{_ALIKES}]")

_ORDINARY_SIGNS = r"[A-Za-z0-9_.,'@()+/#&~=!?*;$-]+"
_ORDINARY = re.compile(rf"{_ORDINARY_SIGNS}(?: {_ORDINARY_SIGNS})*")

# Joiners belong into emoji and into the words of some scripts, as variation selectors do behind
# signs; anywhere else they only make names differ that look the same.
_JOINED = (
    r"\u0600-\u07ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u2190-\u27bf\u2900-\u2bff\ufe0f"
    r"\U0001f000-\U0001faff"
)
_INVISIBLE = (
    r"[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    r"\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    rf"|(?<![{_JOINED}])[\u200c\u200d]|[\u200c\u200d](?![{_JOINED}])"
    r"|(?<![\W\d])[\ufe0e\ufe0f]|\A[\ufe0e\ufe0f]|(?<=[\ufe0e\ufe0f])[\ufe0e\ufe0f]"
)
_SPACES = r"[^\S \u00a0\u202f\u3000]|\A\s|\s\Z|(?<=\s)\s"
_DIGEST = 12
_LIKE_AN_ESCAPE = rf"[{_ALIKES}›]|…(?=[0-9a-f]{{{_DIGEST}}}\Z)"
_CLOSED = re.compile(rf"[\[\]<：＜﹤［］﹕︓＂]|{_LIKE_AN_ESCAPE}|{_SPACES}|{_INVISIBLE}")
_COLON = re.compile(r"(?<![0-9]):|:(?![0-9])")

_ROLES = ("user", "assistant", "system", "tool")
_NAMES_OF_ROLES = "human|user|assistant|system|developer|tool|function|bot|model|ai"
# No spaces, so that no sentence fits in.
_ADDRESS = re.compile(rf"(?!.*(?:{_NAMES_OF_ROLES})[*]*:)[!-~]+(?<!:)", re.IGNORECASE)
_ROLE_LIKE = re.compile(
    rf"\A(?:{_NAMES_OF_ROLES})\Z|\b(?-i:HUMAN|USER|ASSISTANT|SYSTEM)[ *]*\Z", re.IGNORECASE
)
_POSES = re.compile(r"\A\Z|\A[\"“”„]|[∶ːꓽ։⁚]")
_TOKEN = re.compile(r"/?\s?(?:[|｜].*|e~.*|[gs]?[A-ZＡ-Ｚ][A-ZＡ-Ｚ0-9_ ]{2,})")

_SPELT_OUT = re.compile(r"(?:‹[0-9A-F]{1,6}›)+")
_END_OF_CUT = re.compile(rf"…[0-9a-f]{{{_DIGEST}}}\"?\Z")


def _escaped(name: str) -> str:
    closed = _CLOSED.sub(lambda match: _closed(match.group()), name)
    return closed if _ADDRESS.fullmatch(name) else _COLON.sub(_ALIKE[":"], closed)


def _closed(sign: str) -> str:
    return _ALIKE.get(sign) or _numbered(sign)


def _numbered(sign: str) -> str:
    return f"‹{ord(sign):X}›"


def _read(escape: re.Match[str]) -> str:
    if not escape[1]:
        return _SIGN[escape[0]]
    number = int(escape[1], 16)
    return chr(number) if number <= sys.maxunicode else escape[0]


def _quoted(form: str) -> str:
    return '"' + form.replace('"', _ALIKE['"']) + '"'


def _cut(name: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass"))
    end = "…" + digest.hexdigest()[:_DIGEST]
    room = MOST - len(end)
    kept = name[:room]
    while len(_escaped(kept)) > room:
        kept = kept[:-1]
    return _escaped(kept) + end

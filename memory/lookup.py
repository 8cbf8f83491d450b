"""From a key or a name as somebody copied it, out of a block, a tool's result or a terminal, to the
one that is stored. ``Memory.get`` and filters stay exact; what people and models pass on is not."""

from __future__ import annotations

import difflib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, overload
from unicodedata import normalize

from remem.recall.names import (
    is_cut,
    is_spelt_out,
    meant,
    short_key,
    shown,
    shown_key,
    spelt_out,
    unquoted,
)
from remem.store import F, Filter, InvalidInput, Store
from remem.store.filters import And, In
from remem.store.validation import MAX_NAME, check_name
from remem.versions import despite_damage, is_current

if TYPE_CHECKING:
    from remem.memory import Memory


_MOST_NAMED = 5
_AT_ONCE = 500


def key_of(memory: Memory, given: str, otherwise: str) -> str:
    """The key of the one memory that ``given`` means; see ``known_key``.

    Args:
        otherwise: What to do if there is none, for the message.

    Raises:
        InvalidInput: no memory has the key, or several do.
    """
    key = known_key(memory, given)
    if key is None:
        raise InvalidInput(f"no memory has {_the_key(given)}{otherwise}")
    return key


def known_key(memory: Memory, given: str) -> str | None:
    """The key of the one memory that ``given`` means, None if there is none.

    It may be the key itself, the key as it is shown, or what a block shows of it: the part behind
    ``source#``, if no other source has the same.

    Raises:
        InvalidInput: several memories have the key.
    """
    bare = _bare(given)
    exact = _stored_among(memory, _readings(given))
    if exact and is_spelt_out(bare):
        return _only(exact, _the_key(given))
    # What a block shows has no "#", or is a whole key.
    short = _short(memory, given) if not exact or "#" not in bare else ()
    cut = _cut(memory, bare) if is_cut(bare) else ()
    others = sorted({*short, *cut}.difference(exact))
    return _only(exact, _the_key(given), others) if exact or others else None


def key_for_program(memory: Memory, given: str) -> str | None:
    """As ``known_key``, but a key that a memory has is no other one's, whatever else is shown so:
    what programs pass on is exact, unless a person or a model gave it to them."""
    return given if _stored_among(memory, [given]) else known_key(memory, given)


def key_by_words(memory: Memory, given: str) -> str | None:
    """The key of the one memory that has some words in a row; None: there is none.

    Raises:
        InvalidInput: several memories have these words.
    """
    wanted = _folded(given)
    if not wanted:
        return None
    holding = [each for each in memory.scan() if wanted in _folded(each.text)]
    current = [each.key for each in holding if is_current(each)]
    found = current or [each.key for each in holding[-1:]]
    return _only((), f"the words {_told(shown(given))}", found) if found else None


def with_stored_names(memory: Memory, where: Filter | None) -> Filter | None:
    """The filter, but speakers and sources that are given as they are shown as they are stored; a
    source may be given by its title.

    Raises:
        InvalidInput: such a name stands for one that is stored, and is another one that is; or
            nobody has the name of a speaker, or no source that of a source, or several its title.
    """

    def stored(field: str, names: Sequence[str]) -> Sequence[str]:
        names = [stored_name(memory, field, name) for name in names]
        if field == "speaker":
            return [each for name in names for each in _speakers(memory, name)]
        sources = [_source(memory, name) for name in names]
        _check_sources(memory, sources)
        return sources

    return _renamed(where, stored)


def with_stored_sources(memory: Memory, where: Filter | None) -> Filter | None:
    """The filter, but sources that are given as they are shown, or by their titles, as they are
    stored; what is none is left as it is, and matches nothing.

    Raises:
        InvalidInput: such a name stands for one that is stored, and is another one that is; or
            several sources have the title.
    """

    def stored(field: str, names: Sequence[str]) -> Sequence[str]:
        if field != "source":
            return names
        return [_source(memory, stored_name(memory, field, name)) for name in names]

    return _renamed(where, stored)


def _renamed(
    where: Filter | None, renamed: Callable[[str, Sequence[str]], Sequence[str]]
) -> Filter | None:
    if isinstance(where, And):
        parts = (_renamed(part, renamed) for part in where.parts)
        return And(tuple(part for part in parts if part is not None))
    if isinstance(where, In) and where.field in ("speaker", "source"):
        return replace(where, values=tuple(renamed(where.field, [*map(str, where.values)])))
    return where


def stored_name(memory: Memory, field: str, given: str) -> str:
    """The speaker or source (``field``) that ``given`` means: itself, or what is shown so.

    Raises:
        InvalidInput: both of them are stored.
    """
    readings = _readings(given)
    if len(readings) == 1 and not is_cut(given):
        return given
    exact = [name for name in readings if memory.count(F(field) == name)]
    cut = [name for name in _sources(memory) if _is_form(given, shown(name))]
    others = [name for name in cut if field == "source" and name not in exact]
    if exact or others:
        return _only(exact, f"the {field} {_told(shown(given))}", others)
    return given


def _speakers(memory: Memory, given: str) -> Sequence[str]:
    """The speaker of that name; if there is none, those whose names differ only in capitals,
    spaces and marks that nobody sees, or the only one who has it among their names.

    Raises:
        InvalidInput: nobody has the name, or several have it, though others have one.
    """
    if memory.count(F("speaker") == given) or not memory.count():
        return [given]
    turns = Counter(record.speaker for record in memory.scan() if record.speaker)
    alike = [name for name in turns if _folded(name) == _folded(given)]
    named = [name for name in turns if set(_folded(given).split()) <= set(_folded(name).split())]
    if not alike and len(named) == 1:
        return named
    if not alike and turns:
        most = ", ".join(_told(shown(name)) for name, _ in turns.most_common(_MOST_NAMED))
        others = ", ..." if len(turns) > _MOST_NAMED else ""
        raise InvalidInput(f"nobody here is called {_told(shown(given))}; there are {most}{others}")
    return alike or [given]


def _source(memory: Memory, given: str) -> str:
    """The source of that name; if there is none, the only one with that title.

    Raises:
        InvalidInput: several have the title.
    """
    if memory.count(F("source") == given):
        return given
    titled = titled_so(memory, given)
    return _only((), f"the title {_told(shown(given))}", titled) if titled else given


def titled_so(memory: Memory, given: str) -> Sequence[str]:
    """The sources that are shown with a title."""
    forms = _readings(given)
    if is_cut(given):
        candidates = set(_sources(memory))
    else:
        candidates = {each.source for each in memory.scan(F("metadata.title").in_(forms))}
    titles = {given, *map(shown, forms)}
    named = ((source, memory.title(source)) for source in sorted(candidates))
    return [source for source, title in named if any(_is_form(each, title) for each in titles)]


def _check_sources(memory: Memory, names: Iterable[str]) -> None:
    """Refuse sources of which there is none.

    Raises:
        InvalidInput: there is none of these names, though there are others.
    """
    names = list(names)
    if not names or any(memory.count(F("source") == name) for name in names):
        return
    titles = {source: memory.title(source) for source in _sources(memory)}
    if titles:
        known = [*map(shown, titles), *filter(None, titles.values())]
        headings = [title or shown(source) for source, title in titles.items()]
        near = difflib.get_close_matches(shown(names[0]), known, _MOST_NAMED) or headings
        some = ", ".join(map(_told, [*dict.fromkeys(near)][:_MOST_NAMED]))
        raise InvalidInput(
            f"there is no source {_told(shown(names[0]))}; did you mean {some}? "
            "'remem sources' lists all"
        )


def _folded(name: str) -> str:
    """The name as it is compared: without capitals, accents put on letters in another way, marks
    of direction, and the ~ in front of a name that is no contact's."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    seen = (each for each in plain if unicodedata.category(each) not in ("Cf", "Cc"))
    return " ".join("".join(seen).removeprefix("~").split())


def _stored_among(memory: Memory, keys: Sequence[str]) -> list[str]:
    """The keys that a memory has, be it damaged: it can be deleted, too."""

    def ask(keys: Sequence[str]) -> list[str]:
        return [record.key for record in memory.get_many(keys) if record is not None]

    return despite_damage(keys, ask, lambda error: [error.remains.key])


def _only(exact: Sequence[str], what: str, others: Sequence[str] = ()) -> str:
    """The only one.

    Raises:
        InvalidInput: there are several; the message has a form of each that stands for it alone.
    """
    if len(exact) + len(others) == 1:
        return [*exact, *others][0]
    forms = [*map(spelt_out, exact), *map(shown_key, others)]
    some = ", ".join(forms[:_MOST_NAMED]) + (", ..." if forms[_MOST_NAMED:] else "")
    raise InvalidInput(f"{what} may mean several: write one of {some}")


def _the_key(given: str) -> str:
    return f"the key {_told(shown_key(given))}"


def _told(form: str) -> str:
    return form if form.startswith('"') else f"'{form}'"


def _readings(given: str) -> Sequence[str]:
    """Names that may be meant, each once: the words as they are, and what they stand for."""
    bare = _bare(given)
    source, _, rest = bare.rpartition("#")
    joined = [f"{meant(source)}#{meant(rest)}"] if source else []
    is_form_of_longer = bare.startswith('"') and is_cut(bare)
    whole = [] if is_form_of_longer else [bare, meant(bare)]
    return list(dict.fromkeys([given, *whole, *joined]))


def _bare(given: str) -> str:
    """Without the brackets of a block."""
    bare = given.strip()
    return bare[1:-1] if bare[:1] == "[" and bare[-1:] == "]" else bare


def _short(memory: Memory, given: str) -> Iterator[str]:
    """Keys of which a block shows no more, or that are joined from what it shows."""
    named, _, rest = _bare(given).rpartition("#")
    keys: dict[str, None] = {}
    for source in _sources(memory):
        keys |= dict.fromkeys(f"{source}#{reading}" for reading in _readings(given))
        if named and _is_form(named, shown(source)):
            keys[f"{source}#{meant(rest)}"] = None
    several = list(keys)
    for start in range(0, len(several), _AT_ONCE):
        yield from _stored_among(memory, several[start : start + _AT_ONCE])


def _cut(memory: Memory, form: str) -> Iterator[str]:
    """Keys too long to be shown whole."""
    for record in memory.scan():
        if _is_form(form, shown_key(record.key)) or _is_form(form, short_key(record)):
            yield record.key


def _is_form(given: str, form: str) -> bool:
    """True if that is the form, though a shell may have taken its quotes."""
    return unquoted(given) == unquoted(form)


def _sources(memory: Memory) -> Iterable[str]:
    return (each.source for each in memory.sources())


# One memory for a namespace, in whatever Unicode form its name is written.
#
# ``café`` has four characters or five, an accent of its own being the fifth: keyboards type the
# first form, file names on macOS have the second, and nobody sees a difference. New namespaces
# are held under the first (NFC). Stores keep names as they are: one that was made under another
# form earlier goes on under that, and where two forms hold something, each is still found as it
# is written.


class _InStore(Protocol):
    @property
    def _store(self) -> Store: ...


_WRITTEN, _HELD = "_namespace_as_written", "_namespace_as_held"


class Spelled:
    """An attribute with the name of a namespace: set as somebody writes it, read as the store of
    its object holds it. For names with several forms the store is asked, until it holds one."""

    def __set__(self, owner: _InStore, name: str) -> None:
        vars(owner)[_WRITTEN], vars(owner)[_HELD] = name, None

    @overload
    def __get__(self, owner: None, kind: type[object]) -> Spelled: ...

    @overload
    def __get__(self, owner: _InStore, kind: type[object]) -> str: ...

    def __get__(self, owner: _InStore | None, kind: type[object]) -> Spelled | str:
        if owner is None:
            return self
        known = vars(owner)
        known[_HELD] = known[_HELD] or held_as(owner._store, known[_WRITTEN])
        return known[_HELD] or composed(known[_WRITTEN])


def held_as(store: Store, name: str) -> str | None:
    """A namespace as a store spells it: as it is written, if it holds one that is spelled so;
    otherwise in one of the two forms that there are of every name; None if it holds none.

    Raises:
        InvalidInput: it is no name.
    """
    forms = _forms(name)
    return name if len(forms) == 1 else next((form for form in forms if store.count(form)), None)


def composed(name: str) -> str:
    """The form in which new namespaces are held; too long a name stays as it is."""
    return min(normalize("NFC", name), name, key=lambda form: len(form) > MAX_NAME)


def _forms(name: str) -> list[str]:
    """The ways to write a name, beginning with the present one; only those that a store takes."""
    decomposed = normalize("NFD", check_name(name, "namespace"))
    others = (form for form in (composed(name), decomposed) if len(form) <= MAX_NAME)
    return list(dict.fromkeys([name, *others]))

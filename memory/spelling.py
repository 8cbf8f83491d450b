"""One memory for a namespace, in whatever Unicode form its name is written.

``café`` has four characters or five, an accent of its own being the fifth: keyboards type the first
form, file names on macOS have the second, and nobody sees a difference. New namespaces are held
under the first (NFC). Stores keep names as they are: one that was made under another form earlier
goes on under that, and where two forms hold something, each is still found as it is written.
"""

from __future__ import annotations

from typing import Protocol, overload
from unicodedata import normalize

from store import Store
from store.validation import MAX_NAME, check_name

__all__ = ["Spelled", "composed", "held_as"]


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

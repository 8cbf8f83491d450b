"""The contract of names: to a store, whatever a user calls something is a name and nothing else."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from remem.store.conformance.samples import (
    SPACE,
    Contract,
    Reopen,
    batch,
    dense,
    embed,
    entry,
    keys,
    turn,
    views,
    words,
)
from remem.store.errors import InvalidInput
from remem.store.filters import F, Filter
from remem.store.store import Store
from remem.store.types import Batch, Entry, Record, SourceInfo, Space, View


def _drawn(letters: str, count: int) -> str:
    """Characters in an order that no compression makes shorter."""
    return "".join(random.Random(count).choices(letters, k=count))


_ASCII = "".join(map(chr, range(0x20, 0x7F)))
_BEYOND = "".join(map(chr, range(0x20000, 0x2A000)))

NAMES = {
    "apostrophe": "Nora's chat",
    "double quotes": 'the "other" one',
    "backslashes": "C:\\temp\\new",
    "backslash at the end": "ends in \\",
    "quotes behind backslashes": "\\' \\\" \\\\' \\\\\" \\",
    "escapes": "\\n \\x41 \\u0041 \\U0001f600 \\101 \\0",
    "an expression": "q'] or born >= 0 or pk in ['z",
    "an expression in double quotes": 'q"] or born >= 0 or pk in ["z',
    "a condition": '" or namespace != "',
    "SQL": "'; DROP TABLE records; --",
    "SQL of PostgreSQL": "$$ || E'\\'' || '%s' || %(key)s || :key || ? || $1",
    "patterns": "100 %_*?[a-z]%%",
    "templates": "{name} {0} ${name} {{}}",
    "a path in JSON": '$."a".b[*] ? (@ >= "x")',
    "a path": "../../etc/passwd",
    "a device": "CON",
    "other scripts": "北京 서울 ไทย Ελλάδα",
    "beyond the basic plane": "𠮷野家 👩‍👩‍👧‍👦 🇮🇸",
    "right to left": "\u202eevil\u202c \u200fשלום\u061c",
    "line separators": "a\u2028b\u2029c",
    "no characters": "\ufeff\ufffe\uffff\U0010ffff",
    "combining": "cafe\u0301",
    "white space around": "  padded\u3000",
    "1,000 characters": _drawn(_BEYOND, 75) + _drawn(_ASCII, 925),
}
"""Names of all kinds that a store takes."""

VALUES = {
    **NAMES,
    "control characters": "".join(map(chr, [*range(1, 32), *range(0x7F, 0xA0)])),
    "NUL": "a\x00b \x00\x01\x00",
    "line ends": "a\r\nb\nc\r",
    "1,000 characters of 4 bytes": _drawn(_BEYOND, 1000),
}
"""Besides names, what a speaker, and the names and values of metadata, may be."""

REFUSED = {
    "empty": ("", "is empty"),
    "white space": (" \u3000", "is empty"),
    "line end": ("a\nb", "control character.* at 1; remove it"),
    "NUL": ("\x00", "control character.* at 0; remove it"),
    "control character beyond ASCII": ("a\x85", "control character.* at 1; remove it"),
    "lone surrogate": ("a\ud83d", "lone surrogate.* at 1"),
    "too long": ("x" * 1025, "1,025 characters"),
}

FIELDS = ("key", "source", "speaker", "metadata.topic")


def named(name: str, text: str = "tea") -> Record:
    """A record that is called so in every way."""
    return turn(
        name,
        text,
        source=name,
        kind=name,
        role=name,
        speaker=name,
        stored_at=datetime(2024, 5, 1, tzinfo=timezone.utc),
        metadata={name: name, "topic": name, "in": {name: [name, 1]}},
    )


def _others(name: str) -> list[Record]:
    """Records with names that a careless store takes for the name, or overlooks beside it."""
    like = [f"{name[:1000]}'", f'"{name[:1000]}', name[:-1] + "\u0bb7", "plain"]
    return [named(other, f"cake {number}") for number, other in enumerate(like)]


def _put(store: Store, name: str) -> None:
    """The record with the name and the others, in a namespace with the name; and the others in
    namespaces with their names, too."""
    store.write(name, batch(named(name), *_others(name)))
    for other in _others(name):
        store.write(other.key, batch(*_others(name)))


def _without(store: Store, name: str) -> dict[str, object]:
    """All that the store holds, but for the record with the name in the namespace with the name."""
    found: dict[str, object] = {}
    for namespace in store.namespaces():
        records = list(store.scan(namespace))
        there = store.entries(namespace, [record.key for record in records])
        assert store.count(namespace) == len(records) == len(there)
        rest = [one for one in there if (namespace, one.record.key) != (name, name)]
        found[namespace] = [(one.record, *map(_facts, sorted(one.views.items()))) for one in rest]
    return found


def _facts(view: tuple[str, View]) -> tuple[str, str, bytes]:
    name, made = view
    return name, made.text, made.vector.tobytes()


def _filters(name: str) -> Mapping[str, Filter]:
    """Conditions that only what has the name fulfils."""
    of = {f"{field} eq": F(field) == name for field in FIELDS}
    of |= {f"{field} in": F(field).in_([name, "nobody has this"]) for field in FIELDS}
    of |= {f"{field} gte": F(field).between(name, name) for field in FIELDS}
    fields = {"exists": f"metadata.{name}", "deeper": f"metadata.in.{name}"}
    of |= {kind: F(field).exists() for kind, field in fields.items()}
    of |= {f"{kind} eq": F(field) == name for kind, field in fields.items()}
    return of


def _assert_found_alone(store: Store, name: str, where: Filter, kind: str) -> None:
    """Every way of filtering finds what has the name, in the namespace of that name only."""
    assert [record.key for record in store.scan(name, where)] == [name], kind
    assert [record.key for record in store.find(name, where, 5)] == [name], kind
    assert store.count(name, where) == 1, kind
    for found in store.search(name, [dense("tea"), words("tea")], 5, where):
        assert keys(found) == [name], kind
    assert not list(store.scan("plain", where)), kind


class NamingContract(Contract):
    """A name can be anything, does nothing, and is told apart from every other."""

    @pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
    def test_what_has_a_name_is_found_by_it(
        self, adopted: Store, reopen: Reopen, name: str
    ) -> None:
        """Every way of reading finds what has the name, and that alone."""
        _put(adopted, name)
        openings: tuple[Reopen, ...] = (lambda: adopted, reopen)
        for opened in openings:
            store = opened()
            assert store.namespaces() == sorted([name, *(other.key for other in _others(name))])
            assert store.get(name, [name, "nobody"]) == [named(name), None]
            assert [one.record.key for one in store.entries(name, [name])] == [name]
            assert [record.key for record in store.neighbors(name, name, 0, 0, 5)] == [name]
            assert SourceInfo(name, 1, None, None) in store.sources(name)
            assert (len(store.sources(name)), store.count(name)) == (5, 5)
            assert store.verify().problems == ()
        for kind, where in _filters(name).items():
            _assert_found_alone(store, name, where, kind)

    @pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
    def test_what_sorts_behind_a_name_is_found(self, adopted: Store, name: str) -> None:
        """A range begins, and a scan goes on, where a name stands among the others."""
        _put(adopted, name)
        behind = {other.key for other in _others(name) if other.key >= name} | {name}
        for field in FIELDS:
            found = {record.key for record in adopted.scan(name, F(field) >= name)}
            assert found == behind, field
        places = [(record.source, record.key) for record in adopted.scan(name)]
        assert places == sorted(places)

    @pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
    def test_what_has_a_name_is_changed_by_it(self, adopted: Store, name: str) -> None:
        """Refreshing and superseding reach what has the name, and nothing else."""
        _put(adopted, name)
        before = _without(adopted, name)
        for text in ("coffee", "juice", "tea"):  # the second write removes what the first replaced
            adopted.write(name, Batch(refresh={name: views(text)}))
            assert _without(adopted, name) == before
            assert adopted.entries(name, [name])[0].views["turn"].text == text
        adopted.write(name, Batch(supersede={name: "plain"}))
        assert [record.key for record in adopted.predecessors(name, ["plain"])] == [name]
        adopted.write(name, Batch(supersede={"plain": name}))
        assert [record.key for record in adopted.predecessors(name, [name])] == ["plain"]
        assert keys(adopted.search(name, [words("tea")], 9)[0]) == []
        assert (adopted.count(name), adopted.count("plain")) == (5, 4)
        assert adopted.verify().problems == ()

    @pytest.mark.parametrize("method", ["write", "purge"])
    @pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
    def test_what_has_a_name_is_deleted_by_it(self, adopted: Store, name: str, method: str) -> None:
        """Deleting takes what has the name, and nothing else, however often it is done."""
        _put(adopted, name)
        before = _without(adopted, name)
        for _ in range(2):
            written = getattr(adopted, method)(name, Batch(delete=[name, "nobody"]))
            assert written.deleted == (name,)
            assert _without(adopted, name) == before
            assert adopted.get(name, [name]) == [None]
            adopted.write(name, batch(named(name)))
        getattr(adopted, method)(name, Batch(delete=[record.key for record in adopted.scan(name)]))
        del before[name]
        assert _without(adopted, name) == before
        assert adopted.verify().problems == ()

    @pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
    def test_labels_and_metadata_can_be_anything(self, adopted: Store, value: str) -> None:
        """A speaker, a role, and names and values of metadata come back as they went in, and are
        found; control characters and line ends as well."""
        metadata = {value: value, "topic": [value, {value: value}]}
        record = turn("k", role=value, speaker=value, metadata=metadata)
        adopted.write("ana", batch(record, turn("other", speaker="other", metadata={"x": "y"})))
        found = adopted.get("ana", ["k"])[0]
        assert found is not None
        assert (found.role, found.speaker, found.metadata) == (value, value, metadata)
        for field in ("role", "speaker", f"metadata.{value}", f"metadata.topic.{value}"):
            for where in (F(field) == value, F(field).between(value, value)):
                assert [one.key for one in adopted.scan("ana", where)] == ["k"], field
            assert adopted.count("ana", ~(F(field) == value)) == 1

    @pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
    def test_questions_are_no_code(self, adopted: Store, value: str) -> None:
        """A question, and a key that nobody has, can be any text, and change nothing."""
        adopted.write("ana", batch(turn("k", value), turn("other", "plain")))
        before = list(adopted.scan("ana"))
        [found] = adopted.search("ana", [words(value)], 9)
        assert set(keys(found)) <= {"k"}
        assert len(adopted.idf("ana", "turn", [value])) == 1
        assert adopted.get("ana", [value]) == [None]
        assert adopted.entries("ana", [value]) == []
        assert adopted.predecessors("ana", [value]) == []
        assert list(adopted.scan("ana", F("key") == value)) == []
        assert list(adopted.scan("ana")) == before

    def test_names_can_be_as_long_as_the_store_says(
        self, adopted: Store, longest_name: int
    ) -> None:
        """Names of so many bytes go through like others."""
        name = _drawn(_BEYOND, longest_name // 4)
        adopted.write(name, batch(named(name), turn("older"), turn("other")))
        adopted.write(name, Batch(refresh={name: views("tea")}, supersede={"older": name}))
        assert [record.key for record in adopted.predecessors(name, [name])] == ["older"]
        assert [record.key for record in adopted.scan(name, F("source") == name)] == [name]
        assert adopted.write(name, Batch(delete=[name])).deleted == (name,)
        assert adopted.count(name) == 2

    @pytest.mark.parametrize("field", ["key", "source", "kind", "superseded_by"])
    @pytest.mark.parametrize(("name", "message"), REFUSED.values(), ids=REFUSED)
    def test_no_store_takes_names_that_another_refuses(
        self, adopted: Store, field: str, name: str, message: str
    ) -> None:
        """A key, source, kind or successor that is no name is refused in the same words by all
        stores; nothing of its batch is written."""
        bad = Entry(turn(**{"key": "k", "text": "x", field: name}), views("x"))
        with pytest.raises(InvalidInput, match=f"the {field} .*{message}"):
            adopted.write("ana", Batch(add=[entry(turn("good")), bad]))
        assert adopted.namespaces() == []

    @pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
    def test_encoders_and_views_can_have_any_name(
        self, store: Store, reopen: Reopen, name: str
    ) -> None:
        """Names of an encoder and its views are kept, and are no part of a statement."""
        space = Space(name, SPACE.dim, (name, "window"))
        store.adopt(space)
        made = Entry(turn("k", "tea"), {view: views("tea")["turn"] for view in space.views})
        store.write("ana", Batch(add=[made]))
        for question in (dense("tea", "window"), words("tea", "window")):
            asked = replace(question, view=name)
            assert [keys(hits) for hits in store.search("ana", [asked, question], 3)] == [["k"]] * 2
        store.reindex(replace(space, fingerprint=f"{name[:1000]}+"), embed)
        assert reopen().space == replace(space, fingerprint=f"{name[:1000]}+")

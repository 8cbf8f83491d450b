"""The contract of errors: what cannot be stored or asked is refused with a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from remem.store.conformance.samples import (
    SPACE,
    Contract,
    batch,
    dense,
    direction,
    embed,
    entry,
    turn,
    views,
    words,
)
from remem.store.errors import (
    DimensionMismatch,
    EncoderMismatch,
    InvalidInput,
    InvalidVector,
    StoreClosed,
)
from remem.store.filters import F
from remem.store.store import Store
from remem.store.types import Batch, Dense, Entry, Record, View

AWARE = datetime(2024, 1, 1, tzinfo=timezone.utc)
DAYS = (AWARE, AWARE + timedelta(days=1))
FINE_OFFSET = timezone(timedelta(hours=1, microseconds=1))


def _deep(levels: int, leaf: object = None) -> dict[str, Any]:
    metadata: dict[str, Any] = {"leaf": leaf}
    for _ in range(levels - 1):
        metadata = {"in": metadata}
    return metadata


RECORDS: dict[str, tuple[Record, str]] = {
    "empty text": (turn("k", ""), "empty"),
    "white space": (turn("k", " \n\t\u3000"), "empty"),
    "lone surrogate": (turn("k", "abc\ud83dxyz"), "lone surrogate.* at 3"),
    "bytes": (turn("k", b"abc"), "text must be a string"),  # type: ignore[arg-type]
    "naive time": (turn("k", said_at=datetime(2024, 1, 1)), "said_at .* no time zone"),
    "naive expiry": (turn("k", expires_at=datetime(2024, 1, 1)), "expires_at .* no time zone"),
    "time as string": (turn("k", said_at="2024-01-01"), "datetime, got str"),
    "fine offset": (turn("k", said_at=AWARE.astimezone(FINE_OFFSET)), "whole seconds"),
    "before year 1": (
        turn("k", said_at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))),
        "years 1 to 9999",
    ),
    "position as float": (turn("k", position=1.0), "position must be an int"),
    "position beyond 64 bits": (turn("k", position=2**63), "64 bits"),
    "NaN in metadata": (turn("k", metadata={"x": {"y": float("nan")}}), r"metadata\.x\.y is nan"),
    "object in metadata": (turn("k", metadata={"x": AWARE}), r"metadata\.x is a datetime"),
    "tuple in metadata": (turn("k", metadata={"x": (1, 2)}), r"metadata\.x is a tuple"),
    "name in metadata": (turn("k", metadata={1: "x"}), "must be a string, got int"),
    "surrogate in metadata": (turn("k", metadata={"x": ["\udc00"]}), "lone surrogate"),
    "number in metadata": (turn("k", metadata={"x": 10**400}), "too large a number"),
    "deep metadata": (turn("k", metadata=_deep(5000)), "levels deep"),
    "number a level too deep": (turn("k", metadata=_deep(64, 1)), "levels deep"),
    "string a level too deep": (turn("k", metadata=_deep(64, "x")), "levels deep"),
    "metadata as list": (turn("k", metadata=["x"]), "metadata must be a dict"),
    "empty key": (turn(""), "key is empty"),
    "key with line end": (turn("a\nb", "x"), "control character"),
    "long key": (turn("k" * 1025), "1,025 characters"),
    "empty source": (turn("k", source=" "), "source is empty"),
    "source with NUL": (turn("k", source="a\0"), "control character"),
    "empty origin": (turn("k", origin=""), "origin is empty"),
    "origin with a line break": (turn("k", origin="web\n"), "origin .* control character"),
    "role that is a list": (turn("k", role=["user"]), "role must be a string"),
    "speaker with surrogate": (turn("k", speaker="\ud800"), "speaker has a lone surrogate"),
}

VECTORS: dict[str, tuple[Any, type[InvalidInput], str]] = {
    "NaN": (direction(1, float("nan")), InvalidVector, "NaN"),
    "infinite": (direction(float("-inf")), InvalidVector, "infinity"),
    "too large": (direction(1).astype(np.float64) * 1e300, InvalidVector, "infinity"),
    "zeros": (direction(), InvalidVector, "zeros"),
    "too short": (direction(1)[:15], DimensionMismatch, "16 dimensions"),
    "too long": (embed(["x"], 17)[0], DimensionMismatch, "16 dimensions"),
    "a matrix": (embed(["x"]), DimensionMismatch, "shape"),
    "a number": (np.float32(1), DimensionMismatch, "shape"),
    "strings": (np.array(["a"] * 16), InvalidVector, "numbers"),
}

NAMES = ["", "  ", "a\nb", "a\0b", "x" * 1025, "\ud800"]

CALLS: dict[str, Callable[[Store], object]] = {
    "adopt": lambda store: store.adopt(SPACE),
    "write": lambda store: store.write("ana", batch(turn("k"))),
    "write nothing": lambda store: store.write("ana", Batch()),
    "purge": lambda store: store.purge("ana", Batch(delete=["k"])),
    "get": lambda store: store.get("ana", ["k"]),
    "entries": lambda store: store.entries("ana", ["k"]),
    "predecessors": lambda store: store.predecessors("ana", ["k"]),
    "scan": lambda store: list(store.scan("ana")),
    "find": lambda store: store.find("ana", None, 1),
    "reading": lambda store: store.reading(lambda reader: reader.get("ana", ["k"])),
    "neighbors": lambda store: store.neighbors("ana", "session", 0, 0, 1),
    "search": lambda store: store.search("ana", [dense("k"), words("k")], 1),
    "count": lambda store: store.count("ana"),
    "namespaces": lambda store: store.namespaces(),
    "sources": lambda store: store.sources("ana"),
    "tally": lambda store: store.tally("ana", DAYS),
    "reindex": lambda store: store.reindex(SPACE, embed),
    "verify": lambda store: store.verify(),
    "rebuild": lambda store: store.rebuild(),
    "stats": lambda store: store.stats(),
    "enter": lambda store: store.__enter__(),
}


class ErrorContract(Contract):
    """Every mistake of a caller is an ``InvalidInput`` that says what to do."""

    @pytest.mark.parametrize(("record", "message"), RECORDS.values(), ids=RECORDS)
    def test_bad_records_are_refused(self, adopted: Store, record: Record, message: str) -> None:
        """A record that could not come back as it is, is not taken in."""
        with pytest.raises(InvalidInput, match=message):
            adopted.write("ana", Batch(add=[Entry(record, views("x"))]))
        assert adopted.count("ana") == 0

    @pytest.mark.parametrize(("vector", "error", "message"), VECTORS.values(), ids=VECTORS)
    def test_bad_vectors_are_refused(
        self, adopted: Store, vector: Any, error: type[InvalidInput], message: str
    ) -> None:
        """A vector without direction, or of another length, is neither stored nor searched for;
        the message names its record."""
        adopted.write("ana", batch(turn("good")))
        bad = Batch(add=[entry(turn("a")), entry(turn("the bad one"), vector)])
        with pytest.raises(error, match=f"the bad one.*{message}"):
            adopted.write("ana", bad)
        with pytest.raises(error, match=message):
            adopted.write("ana", Batch(refresh={"good": bad.add[1].views}))
        with pytest.raises(error, match=message):
            adopted.search("ana", [Dense("turn", vector)], 1)
        assert adopted.count("ana") == 1

    @pytest.mark.parametrize("wrong", [(), ("turn",), ("turn", "window", "more"), ("a", "b")])
    def test_the_views_must_be_the_stores(self, adopted: Store, wrong: tuple[str, ...]) -> None:
        """An entry has exactly the views of the space."""
        made = {name: View("x", direction(1)) for name in wrong}
        with pytest.raises(InvalidInput, match="views turn, window"):
            adopted.write("ana", Batch(add=[Entry(turn("k"), made)]))

    @pytest.mark.parametrize("text", ["", " ", "\udfff"])
    def test_view_texts_are_texts(self, adopted: Store, text: str) -> None:
        """The text of a view is neither empty nor broken."""
        made = {**views("x"), "window": View(text, direction(1))}
        with pytest.raises(InvalidInput, match="view text"):
            adopted.write("ana", Batch(add=[Entry(turn("k"), made)]))

    @pytest.mark.parametrize("k", [0, -1, 1.5, "3", True, None])
    def test_k_counts(self, adopted: Store, k: Any) -> None:
        """k is an int of at least 1, also where there is nothing to find."""
        adopted.write("ana", batch(turn("x")))
        for namespace in ("ana", "nobody"):
            with pytest.raises(InvalidInput, match="k "):
                adopted.search(namespace, [dense("x")], k)

    def test_unknown_views_are_named(self, adopted: Store) -> None:
        """A leg for a view that the store has not is refused with those it has."""
        for leg in (dense("x"), words("x")):
            with pytest.raises(InvalidInput, match=r"'page'.*turn, window"):
                adopted.search("ana", [replace(leg, view="page")], 1)

    @pytest.mark.parametrize("name", NAMES)
    def test_names_are_checked_everywhere(self, adopted: Store, name: str) -> None:
        """A namespace is a printable name of 1 to 1,024 characters."""
        for call in (
            lambda: adopted.write(name, batch(turn("k"))),
            lambda: adopted.purge(name, Batch()),
            lambda: adopted.search(name, [dense("k")], 1),
            lambda: adopted.get(name, ["k"]),
            lambda: adopted.predecessors(name, ["k"]),
            lambda: list(adopted.scan(name)),
            lambda: adopted.find(name, None, 1),
            lambda: adopted.count(name),
            lambda: adopted.sources(name),
            lambda: adopted.tally(name, DAYS),
        ):
            with pytest.raises(InvalidInput, match="namespace"):
                call()

    @pytest.mark.parametrize(
        "edges", [(), DAYS[:1], DAYS[::-1], (DAYS[0], DAYS[0]), (datetime(2020, 1, 1), DAYS[1]), 7]
    )
    def test_moments_between_which_is_counted_ascend(self, adopted: Store, edges: Any) -> None:
        """There are two or more, timezone-aware, each later than the one before."""
        with pytest.raises(InvalidInput, match="two or more moments"):
            adopted.tally("ana", edges)

    def test_keys_come_as_a_list(self, adopted: Store) -> None:
        """One bare string is not taken for a list of one-letter keys."""
        for call in (
            lambda: adopted.get("ana", "key"),
            lambda: adopted.entries("ana", "key"),
            lambda: adopted.predecessors("ana", "key"),
            lambda: adopted.write("ana", Batch(delete="key")),
        ):
            with pytest.raises(InvalidInput, match=r"\['key'\]"):
                call()

    def test_filters_are_filters(self, adopted: Store) -> None:
        """A dict or a boolean instead of a ``Filter`` is refused, not ignored."""
        wrong: Any
        for wrong in ({"speaker": "Ana"}, True):
            for call in (
                lambda where: adopted.search("ana", [dense("x")], 1, where),
                lambda where: adopted.count("ana", where),
                lambda where: list(adopted.scan("ana", where)),
                lambda where: adopted.find("ana", where, 1),
            ):
                with pytest.raises(InvalidInput, match="parse_filter"):
                    call(wrong)
        assert adopted.count("ana", F("speaker") == "Ana") == 0

    @pytest.mark.parametrize("limit", [0, -1, 1.5, True, None])
    def test_a_limit_counts_records(self, adopted: Store, limit: Any) -> None:
        """The most records to find are a whole number from 1."""
        with pytest.raises(InvalidInput, match="limit"):
            adopted.find("ana", None, limit)

    @pytest.mark.parametrize(
        ("first", "last", "radius"), [(1, 0, 1), (0, 0, -1), (0.5, 1, 1), (0, 2**63, 1)]
    )
    def test_spans_are_checked(self, adopted: Store, first: Any, last: Any, radius: Any) -> None:
        """Neighbours are asked for from a first to a last position, with a radius from 0."""
        with pytest.raises(InvalidInput):
            adopted.neighbors("ana", "session", first, last, radius)

    def test_nothing_supersedes_itself(self, adopted: Store) -> None:
        """A record that is its own successor would be lost from sight."""
        adopted.write("ana", batch(turn("k")))
        with pytest.raises(InvalidInput, match="supersede itself"):
            adopted.write("ana", Batch(supersede={"k": "k"}))

    def test_a_space_comes_first(self, store: Store) -> None:
        """Without a space the store cannot tell good vectors from bad, and takes none."""
        with pytest.raises(InvalidInput, match="adopt"):
            store.write("ana", batch(turn("k")))
        assert store.write("ana", Batch(delete=["k"])).deleted == ()

    @pytest.mark.parametrize("change", [{"fingerprint": "x"}, {"dim": 8}, {"views": ("turn",)}])
    def test_another_space_is_refused(self, adopted: Store, change: dict[str, Any]) -> None:
        """The first ``adopt`` decides; encoders are not mixed."""
        with pytest.raises(EncoderMismatch):
            adopted.adopt(replace(SPACE, **change))
        assert adopted.space == SPACE

    @pytest.mark.parametrize(
        "change", [{"fingerprint": ""}, {"dim": 0}, {"views": ()}, {"views": ("a", "a")}]
    )
    def test_a_space_makes_sense(self, store: Store, change: dict[str, Any]) -> None:
        """A space has a fingerprint, dimensions and distinct views."""
        with pytest.raises(InvalidInput):
            store.adopt(replace(SPACE, **change))
        assert store.space is None


class ClosedContract(Contract):
    """A closed store says so."""

    @pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
    def test_a_closed_store_refuses(self, adopted: Store, call: Callable[[Store], object]) -> None:
        """Every method of a closed store raises ``StoreClosed``."""
        adopted.close()
        with pytest.raises(StoreClosed):
            call(adopted)

    def test_closing_twice_is_allowed(self, adopted: Store) -> None:
        """``close`` may be called again."""
        adopted.close()
        adopted.close()

    def test_a_with_block_closes(self, adopted: Store) -> None:
        """Leaving a ``with`` block closes the store."""
        with adopted as store:
            store.write("ana", batch(turn("k")))
        with pytest.raises(StoreClosed):
            adopted.count("ana")

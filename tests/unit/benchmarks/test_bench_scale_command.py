"""``remem bench scale`` as a user meets it, on a few made-up records."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from remem.benchmarks.__main__ import main
from remem.benchmarks.scale.command import plot
from remem.benchmarks.scale.figures import FIGURES, Measured
from remem.benchmarks.scale.parts import empty, place_for
from remem.cli.app import run
from remem.store import Batch, Entry, InvalidInput, Record, Space, View, open_store


@dataclass(frozen=True)
class Printed:
    code: int
    out: str
    err: str


Bench = Callable[..., Printed]


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str]) -> Bench:
    def call(*arguments: str) -> Printed:
        capsys.readouterr()
        code = run(["scale", *arguments], main)
        printed = capsys.readouterr()
        return Printed(code, printed.out, printed.err)

    return call


def test_every_figure_is_measured_at_every_size(bench: Bench, tmp_path: Path) -> None:
    picture = tmp_path / "growth.svg"
    printed = bench(
        "--records", "60,120", "--store", str(tmp_path), "--plot", str(picture), "--json"
    )
    assert printed.code == 0, printed.err
    found = json.loads(printed.out)
    assert [one["records"] for one in found["measured"]] == [60, 120]
    for one in found["measured"]:
        assert one["notes"] == {}
        assert set(FIGURES) <= one["figures"].keys()
        assert all(one["figures"][name] > 0 for name in FIGURES)
        assert all(one["figures"][name] >= 0.99 for name in FIGURES if "recall" in name)
    assert found["growth"][0]["factors"]["remem"].keys() <= set(FIGURES)
    assert "<svg" in picture.read_text("utf-8")
    assert list(tmp_path.iterdir()) == [picture]


def test_namespaces_are_opened_at_random(bench: Bench) -> None:
    printed = bench("--namespaces", "12x5", "--json")
    assert printed.code == 0, printed.err
    found = json.loads(printed.out)
    assert found["measured"] == []
    assert found["namespaces"]["namespaces opened"] == 12
    assert found["namespaces"]["first search in a namespace p50, ms"] > 0


def test_a_table_shows_a_size(bench: Bench) -> None:
    out = bench("--records", "50").out
    assert "50 records, 1 view of each in remem" in out
    assert "dense recall@10" in out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--peers", "oracle"), "there is no peer 'oracle'"),
        (("--records", "many"), "not a list of numbers"),
        (("--records", "0"), "not a list of numbers"),
        (("--namespaces", "5"), "not of the form 10000x100"),
        (("--plot", "growth.txt"), "is no picture"),
        (("--plot", "growth.svg", "--namespaces", "5x5"), "name them with --records"),
        (("--plot", "nowhere/growth.svg"), "does not exist"),
        (("--store", ":memory:"), "gone with its process"),
        (("--records", "50", "--data", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(
    bench: Bench, options: tuple[str, ...], sentence: str
) -> None:
    printed = bench(*options)
    assert printed.code
    assert sentence in " ".join(printed.err.split())
    assert "Traceback" not in printed.err


def test_a_peer_without_its_package_is_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remem.benchmarks.scale.parts.find_spec", lambda _: None)
    printed = bench("--peers", "qdrant")
    assert printed.code
    assert "pip install 'remem[peers]'" in printed.err


def entry(key: str) -> Entry:
    view = View("Hello", np.ones(4, np.float32))
    return Entry(Record(key, "source", 0, "Hello"), {"turn": view})


@pytest.fixture
def milvus_file(tmp_path: Path) -> str:
    return str(tmp_path / "milvus.db")


def test_a_store_on_a_server_must_be_empty(milvus_file: str) -> None:
    with open_store(milvus_file) as store:
        store.adopt(Space("test", 4, ("turn",)))
        store.write("ana", Batch(add=[entry(str(number)) for number in range(3)]))
    with pytest.raises(InvalidInput, match="give an empty one"), place_for(milvus_file):
        pass
    empty(milvus_file)
    with place_for(milvus_file) as place:
        assert place.url == milvus_file


def test_a_figure_that_a_system_lacks_is_not_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "growth.png"
    plot([Measured("remem", 10, {"dense p50, ms": 1.0}), Measured("peer", 10, {})], picture)
    assert picture.stat().st_size > 1000

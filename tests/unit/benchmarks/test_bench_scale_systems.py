"""Every system of the scale benchmark answers rightly, or its figures would say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from remem.benchmarks.scale.making import K, MadeUp, Material, make
from remem.benchmarks.scale.parts import chosen, require
from remem.benchmarks.systems.engine import SHARES, Condition, Engine, Query, Unsupported
from remem.benchmarks.systems.engine import Growing as System
from remem.benchmarks.systems.peers import GROWING as PEERS
from remem.benchmarks.systems.remem import Stores
from remem.store import MissingDependency

RECORDS = 200

# The packages are other people's: what they deprecate is not ours to fix.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return make(tmp_path_factory.mktemp("made") / "material", MadeUp(), RECORDS, 1)


@pytest.fixture(params=["remem", *PEERS])
def system(request: pytest.FixtureRequest) -> System:
    chosen_one = chosen(request.param, None)
    missing = [name for name in chosen_one.packages if find_spec(name.partition(".")[0]) is None]
    if missing:
        pytest.skip(f"{missing[0]} is not installed: pip install 'remem[peers]'")
    return chosen_one


@pytest.fixture
def filled(system: System, material: Material, tmp_path: Path) -> Iterator[Engine]:
    """Filled, closed and opened again."""
    with system.open(tmp_path) as engine:
        engine.fill(material.batches(system.batch))
    with system.open(tmp_path) as engine:
        yield engine


def own(material: Material, number: int) -> Query:
    """A question whose best answer is that record."""
    rows = next(material.batches(RECORDS))
    return Query(rows.text[number], rows.vector[number], {}, {})


def test_the_nearest_records_are_those_of_exact_search(filled: Engine, material: Material) -> None:
    vectors = material.vectors("turn", range(RECORDS))
    for asked in material.questions()[:20]:
        found, exact = filled.dense(asked, K, None), list(asked.exact[""])
        # By their cosines, because half precision exchanges neighbours that are as good as equal.
        assert len(set(found)) == K
        assert vectors[found] @ asked.vector == pytest.approx(
            vectors[exact] @ asked.vector, abs=1e-4
        )


def test_a_filter_leaves_only_what_it_keeps(
    filled: Engine, system: System, material: Material
) -> None:
    for asked in material.questions()[:20]:
        for field in SHARES:
            found = filled.dense(asked, K, asked.conditions[field])
            if system.name == "txtai":  # filters what it found before
                assert set(found) <= set(material.chosen(asked.conditions[field]))
            else:
                assert found == list(asked.exact[field])


def test_words_count_in_a_hybrid_search(filled: Engine, system: System, material: Material) -> None:
    words, vector = own(material, 3), own(material, 150)
    mixed = Query(words.text, vector.vector, {}, {})
    if system.name == "chroma":
        with pytest.raises(Unsupported, match="full text"):
            filled.hybrid(mixed, K)
    else:
        found = filled.hybrid(mixed, K)
        assert {3, 150} <= set(found)
        assert len(found) == K


def test_an_added_record_is_found_at_once_and_after_opening(
    system: System, material: Material, tmp_path: Path
) -> None:
    rows = next(material.more())
    asked = Query(rows.text[0], rows.vector[0], {}, {})
    with system.open(tmp_path) as engine:
        engine.fill(material.batches(system.batch))
        assert rows.numbers[0] not in engine.dense(asked, K, None)
        engine.add(rows)
        assert engine.dense(asked, K, None)[0] == rows.numbers[0]
    with system.open(tmp_path) as engine:
        assert engine.dense(asked, K, None)[0] == rows.numbers[0]


def test_deleted_records_are_found_no_more(filled: Engine, material: Material) -> None:
    asked = material.questions()[0]
    gone = list(asked.exact[""])[:4]
    filled.delete(gone)
    found = filled.dense(asked, K, None)
    assert not set(gone) & set(found)
    assert len(found) == K


def test_data_lies_on_disk(filled: Engine) -> None:
    vectors = 4 * 384 * RECORDS
    assert filled.bytes_on_disk() > vectors / 2


def test_both_views_are_searched_by_remem(tmp_path: Path) -> None:
    material = make(tmp_path / "material", MadeUp(), 50, 2)
    with Stores().open(tmp_path) as engine:
        engine.fill(material.batches(50))
        rows = next(material.batches(50))
        window = Query("", rows.vectors["window"][7], {}, {})
        assert 7 in engine.hybrid(window, K)


def test_a_condition_that_nothing_fulfils_keeps_nothing(filled: Engine, material: Material) -> None:
    where = Condition("myriad", 9999)
    assert filled.dense(material.questions()[0], K, where) == []


def test_a_missing_package_is_one_sentence_before_anything_is_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("remem.benchmarks.scale.parts.find_spec", lambda _: None)
    with pytest.raises(MissingDependency, match=r"pip install 'remem\[peers\]'"):
        require(["chroma"])

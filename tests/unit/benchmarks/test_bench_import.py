"""``remem bench import``: the same texts through several systems, beside the limit."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from remem.benchmarks.datasets.detect import detect
from remem.benchmarks.importing import importing, limit_of, operations, texts_of
from remem.benchmarks.systems.texts import SYSTEMS
from remem.store import InvalidInput, Record


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    """A data set of six records of two sessions."""
    folder = tmp_path / "diary"
    folder.mkdir()
    said = ["The boat leaves at noon.", "Ana has the map.", "It rains in Lisbon."]
    lines = [
        {
            "namespace": "default",
            "key": f"{source}#{place}",
            "source": source,
            "position": place,
            "text": text,
        }
        for source in ("monday", "friday")
        for place, text in enumerate(said)
    ]
    export = [{"remem_export": 1}, *lines]
    (folder / "records.jsonl").write_text("".join(json.dumps(line) + "\n" for line in export))
    asked = {"question": "Who has the map?", "evidence": "monday#1"}
    (folder / "questions.jsonl").write_text(json.dumps(asked) + "\n")
    return folder


def test_the_operations_of_one_token_are_those_of_its_products() -> None:
    assert operations([1]) == 6 * (2 * (4 * 384 * 384 + 2 * 384 * 1536) + 4 * 384)


def test_attention_grows_with_the_square_of_a_text() -> None:
    alone, together = operations([10, 10]), operations([20])
    assert together - alone == 6 * 4 * 384 * (20**2 - 2 * 10**2)


def test_records_of_a_data_set_keep_their_order_and_get_keys_of_their_own(diary: Path) -> None:
    records = texts_of(detect(diary))
    assert [record.text for record in records[:2]] == [
        "The boat leaves at noon.",
        "Ana has the map.",
    ]
    assert len({record.key for record in records}) == 6
    assert {record.source.partition("/")[2] for record in records} == {"monday", "friday"}


@pytest.mark.model
def test_the_limit_reads_each_text_once() -> None:
    once = [Record("a", "s", 0, "The boat leaves at noon. " * 40)]
    twice = [*once, Record("b", "s", 1, once[0].text)]
    long = [Record("a", "s", 0, "The boat leaves at noon. " * 4)]
    assert limit_of(twice) < 3 * limit_of(once)
    assert limit_of(long) < limit_of(once)


def test_a_system_that_nobody_knows_is_refused(diary: Path) -> None:
    done = CliRunner().invoke(importing, ["--data", str(diary), "--systems", "remem,nobody"])
    assert isinstance(done.exception, InvalidInput)
    assert "nobody" in str(done.exception)


def test_to_name_no_system_is_refused(diary: Path) -> None:
    done = CliRunner().invoke(importing, ["--data", str(diary), "--systems", ","])
    assert isinstance(done.exception, InvalidInput)


@pytest.mark.model
@pytest.mark.parametrize("name", ["remem", "sentence-transformers"])
def test_a_system_finds_what_it_was_given(name: str, diary: Path, tmp_path: Path) -> None:
    records = texts_of(detect(diary))
    place = tmp_path / "system"
    place.mkdir()
    with SYSTEMS[name](place) as system:
        system.add(records[:3])
        system.add(records[3:])
        [found] = system.search("Who has the map?", 1)
    assert found.endswith("#1")


@pytest.mark.model
def test_figures_of_each_system_stand_beside_the_limit(diary: Path) -> None:
    done = CliRunner().invoke(importing, ["--data", str(diary), "--systems", "remem", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert found["records"] == 6
    assert found["systems"]["remem"]["records/CPU s"] > 0
    assert found["limit, CPU s"] > 0
    assert found["a turn of a chat"]["stored p50, CPU ms"] > 0

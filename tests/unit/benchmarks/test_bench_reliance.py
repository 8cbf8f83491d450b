"""The page of trust."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

from click.testing import CliRunner

from remem.benchmarks.reliance import trust, write
from remem.benchmarks.runs import RunDatabase
from remem.store import InvalidInput


def test_a_page_has_relevance_against_the_gold_and_what_a_floor_keeps_out(tmp_path: Path) -> None:
    done = CliRunner().invoke(trust, ["--encoder", "hash", "--limit", "40", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "trust.html").read_text("utf-8")
    for title in ("Relevance against the gold", "What a floor keeps out"):
        assert title in page
    [figures] = [
        one
        for one in json.loads((tmp_path / "trust.json").read_text("utf-8")).values()
        if isinstance(one, dict)
    ]
    assert figures["questions"] == 40
    assert 0 <= figures["figures"]["relevance ECE"] <= 1
    assert figures["curves"]["reliability"]


def test_a_file_without_a_run_of_remem_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with RunDatabase.create(tmp_path / "empty.sqlite"):
        pass
    with pytest.raises(InvalidInput, match="holds no run of remem"):
        write(tmp_path / "empty.sqlite", tmp_path)

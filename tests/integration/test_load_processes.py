"""The load generator with its real processes, in small."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from remem.benchmarks.load.attacks import ATTACKS
from remem.benchmarks.load.command import TARGETS, load


@pytest.mark.slow
@pytest.mark.model
def test_a_small_load_loses_and_doubles_nothing_through_a_stop_and_a_kill() -> None:
    small = ["--records", "200", "--searches", "20", "--turns", "24", "--chatters", "2", "--json"]
    small += [part for name in ATTACKS for part in ("--attack", name)]
    outcome = CliRunner().invoke(load, small, catch_exceptions=False)
    assert outcome.exit_code == 0
    figures = json.loads(outcome.stdout)["figures"]
    assert set(TARGETS) <= set(figures)
    assert figures["turns"] == 24
    attacked = [f"search errors under {name}" for name in ATTACKS]
    turns = ["turns missing", "turns repeated", "turns in a wrong namespace"]
    for fault in ("search errors", *turns, *attacked):
        assert figures[fault] == 0, fault

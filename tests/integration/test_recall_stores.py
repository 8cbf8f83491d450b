"""What is recalled does not depend on where it is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

import pytest

from remem.benchmarks.datasets.base import Haystack
from remem.benchmarks.datasets.detect import READERS, detect_all
from remem.benchmarks.measuring import RememberingEncoder, outcomes_of, search_only
from remem.benchmarks.metrics import Outcome, metric_values
from remem.benchmarks.running import SMOKE
from remem.benchmarks.systems.remem import Remem
from remem.testing import HashEncoder
from tests.postgres_server import PostgresServer, running


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running(fsync="off") as server:
        yield server


@pytest.fixture(scope="module")
def haystacks() -> list[Haystack]:
    [dataset] = detect_all([SMOKE], READERS)
    return list(dataset.haystacks())


def recall_at_10(haystacks: Sequence[Haystack], store: str) -> float:
    encoder = RememberingEncoder(HashEncoder())
    outcomes: list[Outcome] = []
    for haystack in haystacks:
        with Remem(store=store).index(haystack, encoder, Path()) as searcher:
            asked = [search_only(searcher, question, encoder) for question in haystack.questions]
        outcomes += outcomes_of(haystack, asked)
    return fmean(metric_values(outcomes, "turn R@10"))


def test_recall_is_the_same_in_every_store(
    haystacks: Sequence[Haystack], server: PostgresServer, tmp_path: Path
) -> None:
    embedded = recall_at_10(haystacks, str(tmp_path / "embedded"))
    assert embedded > 0.5
    for url in (server.url(), str(tmp_path / "milvus.db")):
        assert recall_at_10(haystacks, url) == pytest.approx(embedded, abs=0.01)

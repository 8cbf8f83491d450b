"""The peers, against their real packages: what ``remem[peers]`` installs."""

import gc
import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.systems.base import package
from remem.benchmarks.systems.peers import PEERS
from remem.store import MissingDependency, Record
from remem.testing import HashEncoder
from remem.views import line

PACKAGES = {"chroma": "chromadb", "lancedb": "lancedb", "txtai": "txtai", "mem0": "mem0"}

# The packages are other people's: what they deprecate is not ours to fix.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(params=PEERS)
def peer(request: pytest.FixtureRequest) -> Any:
    if importlib.util.find_spec(PACKAGES[request.param]) is None:
        pytest.skip(f"{PACKAGES[request.param]} is not installed: pip install 'remem[peers]'")
    return PEERS[request.param]()


def haystack(*said: tuple[str, str], namespace: str = "ana") -> Haystack:
    records = [
        Record(
            key=f"{namespace}/{number}",
            source="session 1",
            position=number,
            text=text,
            speaker=speaker,
            said_at=datetime(2024, 5, 8, 12, number % 60, tzinfo=timezone.utc),
        )
        for number, (speaker, text) in enumerate(said)
    ]
    return Haystack(namespace, records, [])


TALK = haystack(
    ("Ana", "My dog is called Biscuit"),
    ("Ben", "I flew to Lisbon in April"),
    ("Ana", "The red bicycle is broken again"),
    ("Ben", "We had pasta for dinner"),
    ("Ana", "Nothing happened at work"),
)


def ask(text: str) -> Question:
    return Question("q1", text)


def keys(found: Sequence[Any]) -> list[str]:
    return [each.record.key for each in found]


def test_every_peer_has_a_name_of_its_own() -> None:
    assert len({make().name for make in PEERS.values()}) == len(PEERS)


def test_the_obvious_record_comes_first(peer: Any, tmp_path: Path) -> None:
    with peer.index(TALK, HashEncoder(), tmp_path) as searcher:
        assert keys(searcher.search(ask("Who flew to Lisbon?"), 3))[0] == "ana/1"
        assert keys(searcher.search(ask("Is the bicycle red?"), 3))[0] == "ana/2"


def test_records_come_back_whole(peer: Any, tmp_path: Path) -> None:
    with peer.index(TALK, HashEncoder(), tmp_path) as searcher:
        first = searcher.search(ask("dog called Biscuit"), 1)[0]
    assert first.record == TALK.records[0]


def test_results_come_best_first_and_at_most_k(peer: Any, tmp_path: Path) -> None:
    with peer.index(TALK, HashEncoder(), tmp_path) as searcher:
        for k in (1, 2, 50):
            found = searcher.search(ask("dinner with the dog in Lisbon"), k)
            scores = [each.score for each in found]
            assert scores == sorted(scores, reverse=True)
            assert 1 <= len(found) <= k
            assert len(set(keys(found))) == len(found)


def test_fifty_records_can_be_had(peer: Any, tmp_path: Path) -> None:
    many = haystack(*[("Ana", f"The red bicycle number {number}") for number in range(80)])
    with peer.index(many, HashEncoder(), tmp_path) as searcher:
        assert len(searcher.search(ask("the red bicycle"), 50)) == 50


def test_two_haystacks_do_not_mix(peer: Any, tmp_path: Path) -> None:
    other = haystack(("Cleo", "My dog is called Waffles"), namespace="cleo")
    with (
        peer.index(TALK, HashEncoder(), tmp_path / "a") as first,
        peer.index(other, HashEncoder(), tmp_path / "b") as second,
    ):
        assert keys(second.search(ask("What is the dog called?"), 50)) == ["cleo/0"]
        assert "cleo/0" not in keys(first.search(ask("What is the dog called?"), 50))


def test_one_after_the_other_can_be_indexed(peer: Any, tmp_path: Path) -> None:
    for namespace in ("a", "b"):
        one = haystack(("Ana", f"{namespace} Biscuit"), namespace=namespace)
        with peer.index(one, HashEncoder(), tmp_path / namespace) as searcher:
            assert keys(searcher.search(ask("Biscuit"), 5)) == [f"{namespace}/0"]


def test_a_question_of_any_form_can_be_asked(peer: Any, tmp_path: Path) -> None:
    with peer.index(TALK, HashEncoder(), tmp_path) as searcher:
        for text in (
            '"dog called Biscuit"',
            "dog AND (Biscuit",
            "Biscuit*: -dog?!",
            "狗 called Biscuit",
        ):
            assert keys(searcher.search(ask(text), 1)) == ["ana/0"], text


def test_everything_is_kept_in_the_folder(peer: Any, tmp_path: Path) -> None:
    with peer.index(TALK, HashEncoder(), tmp_path):
        assert any(path.is_file() for path in tmp_path.rglob("*"))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="lists open files as Linux does")
def test_leaving_the_context_closes_every_file(peer: Any, tmp_path: Path) -> None:
    with peer.index(TALK, HashEncoder(), tmp_path) as searcher:
        searcher.search(ask("dog"), 5)
    gc.collect()
    targets = [fd.readlink() for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]
    assert not [target for target in targets if tmp_path in target.parents]


def test_the_context_is_what_the_ranking_leaves_within_the_budget(
    peer: Any, tmp_path: Path
) -> None:
    with peer.index(TALK, HashEncoder(), tmp_path) as searcher:
        context = searcher.context(ask("What is the dog called?"), 120)
    assert "My dog is called Biscuit" in context.text
    assert context.tokens <= 120
    assert context.left_out


def test_a_context_knows_the_day_on_which_it_is_asked(peer: Any, tmp_path: Path) -> None:
    asked = Question("q1", "dog", asked_at=datetime(2024, 6, 1, tzinfo=timezone.utc))
    with peer.index(TALK, HashEncoder(), tmp_path) as searcher:
        assert "Today is Saturday 1 June 2024" in searcher.context(asked, 500).text


class PickyEncoder(HashEncoder):
    """Notes what it is asked to encode, and as what."""

    def __init__(self) -> None:
        super().__init__()
        self.documents: list[str] = []
        self.queries: list[str] = []

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.documents += texts
        return np.stack([super(PickyEncoder, self).encode_query(text) for text in texts])

    def encode_query(self, text: str) -> NDArray[np.float32]:
        self.queries.append(text)
        return super().encode_query(text)


def test_lines_are_encoded_as_documents_and_questions_as_questions(
    peer: Any, tmp_path: Path
) -> None:
    encoder = PickyEncoder()
    with peer.index(TALK, encoder, tmp_path) as searcher:
        searcher.search(ask("What is the dog called?"), 3)
    assert encoder.documents == [line(record) for record in TALK.records]
    assert encoder.queries == ["What is the dog called?"]


def cosines(text: str) -> list[tuple[str, float]]:
    encoder = HashEncoder()
    vectors = encoder.encode_documents([line(record) for record in TALK.records])
    scores = vectors @ encoder.encode_query(text)
    pairs = zip([record.key for record in TALK.records], scores.tolist(), strict=True)
    return sorted(pairs, key=lambda pair: -pair[1])


@pytest.mark.parametrize(("name", "floor"), [("chroma", -1.0), ("mem0", 0.1)])
def test_dense_peers_rank_by_cosine(name: str, floor: float, tmp_path: Path) -> None:
    pytest.importorskip(PACKAGES[name], reason="pip install 'remem[peers]'")
    question = "Ben had pasta in Lisbon"
    with PEERS[name]().index(TALK, HashEncoder(), tmp_path) as searcher:
        found = searcher.search(ask(question), 5)
    expected = [(key, score) for key, score in cosines(question) if score >= floor]
    assert keys(found) == [key for key, _ in expected]
    assert [each.score for each in found] == pytest.approx(
        [score for _, score in expected], abs=1e-4
    )


def test_lancedb_fuses_ranks_reciprocally(tmp_path: Path) -> None:
    pytest.importorskip("lancedb", reason="pip install 'remem[peers]'")
    with PEERS["lancedb"]().index(TALK, HashEncoder(), tmp_path) as searcher:
        found = searcher.search(ask("Biscuit"), 5)
    # First of both legs, then only of the dense one, because one record has the word.
    expected = [2 / 61, 1 / 62, 1 / 63, 1 / 64, 1 / 65]
    assert [each.score for each in found] == pytest.approx(expected, abs=1e-6)


def test_txtai_mixes_both_legs_half_and_half(tmp_path: Path) -> None:
    pytest.importorskip("txtai", reason="pip install 'remem[peers]'")
    with PEERS["txtai"]().index(TALK, HashEncoder(), tmp_path) as searcher:
        found = searcher.search(ask("dinner"), 5)
    wordless = {each.record.key: each.score for each in found if each.record.key != "ana/3"}
    expected = {key: score / 2 for key, score in cosines("dinner") if score > 0 and key != "ana/3"}
    assert wordless == pytest.approx(expected, abs=1e-4)
    dense = dict(cosines("dinner"))["ana/3"]
    assert dense / 2 < found[0].score <= (dense + 1) / 2 + 1e-4


def test_mem0_sends_no_telemetry_and_leaves_nothing_at_home(tmp_path: Path) -> None:
    pytest.importorskip("mem0", reason="pip install 'remem[peers]'")
    program = (
        "import os, pathlib, sys\n"
        "from remem.benchmarks.systems.peers.mem0 import _mem0\n"
        "_mem0()\n"
        "from mem0.memory import telemetry\n"
        "print(telemetry.MEM0_TELEMETRY, os.environ['MEM0_DIR'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"HOME": str(tmp_path), "PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    telemetry, home = done.stdout.split()
    assert telemetry == "False"
    assert not Path(home).exists()
    assert not (tmp_path / ".mem0").exists()


def test_a_missing_package_is_one_sentence_with_the_extra() -> None:
    with pytest.raises(MissingDependency, match=r"pip install 'remem\[peers\]'"):
        package("a_package_that_nobody_has")

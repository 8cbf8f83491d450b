"""A writer to a Milvus server sends nothing that its claim does not cover."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymilvus.grpc_gen import milvus_pb2

from store.conformance.samples import SPACE, batch, turn
from store.errors import RememError, StoreLocked, UpstreamError
from store.milvus import MilvusStore
from tests.milvus_server import Answer, Faults, faulty_server, unavailable


@pytest.fixture
def faults(tmp_path: Path) -> Iterator[tuple[str, Faults]]:
    with faulty_server(tmp_path / "data") as found:
        yield found


def busy(answer: Answer, context: Any) -> Any:
    """What we repeat."""
    result = milvus_pb2.MutationResult()
    result.status.code, result.status.reason, result.status.retriable = 5, "not ready", True
    return result


@pytest.mark.parametrize(
    ("failing", "expected"),
    [(busy, (StoreLocked, "look after the server")), (unavailable, (UpstreamError, "UNAVAILABLE"))],
)
def test_nothing_is_sent_again_when_the_claim_has_ended(
    faults: tuple[str, Faults],
    failing: Any,
    expected: tuple[type[RememError], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("store.milvus.claims._LEASE", 4.0)
    monkeypatch.setattr("store.milvus.claims._MARGIN", 2.0)
    monkeypatch.setattr("store.milvus.failures._FIRST_PAUSE", 0.2)
    url, fault = faults
    with MilvusStore(url) as store:
        store.adopt(SPACE)
        sent: list[float] = []

        def fail(answer: Answer, context: Any) -> Any:
            sent.append(time.monotonic())
            return answer() if len(sent) == 1 else failing(answer, context)

        fault.on["Upsert"] = fail
        with pytest.raises(RememError) as error:
            store.write("ana", batch(turn("a")))
        time.sleep(max(0.0, sent[0] + 5 - time.monotonic()))
        assert len(sent) > 2
        assert sent[-1] - sent[0] < 4
        assert isinstance(error.value, expected[0])
        assert re.search(expected[1], str(error.value))
        assert "\n" not in str(error.value)

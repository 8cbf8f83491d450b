"""What can be wrong with a Milvus, said in one sentence that tells what to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from remem.store.conformance.samples import SPACE, batch, turn
from remem.store.errors import (
    CorruptStore,
    EncoderMismatch,
    InvalidInput,
    RememError,
    StoreClosed,
    StoreLocked,
    UpstreamError,
)
from remem.store.milvus import MilvusStore
from remem.store.milvus.driver import parse, records_name
from remem.store.open import open_store
from tests.crash.processes import elsewhere
from tests.milvus_server import Faults, faulty_server, free_port


@pytest.fixture
def faults(tmp_path: Path) -> Iterator[tuple[str, Faults]]:
    with faulty_server(tmp_path / "data") as found:
        yield found


def one_sentence(error: pytest.ExceptionInfo[RememError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    assert len(text) < 400
    return text


def test_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remem.store.milvus.connection.ANSWER", 0.6)
    url = f"milvus://127.0.0.1:{free_port()}"
    with pytest.raises(UpstreamError, match=f"no Milvus answers at {url}: start it") as error:
        MilvusStore(url)
    one_sentence(error)


def test_a_wrong_token_which_is_not_repeated(faults: tuple[str, Faults]) -> None:
    url, fault = faults

    def refuse(answer: Any, context: Any) -> Any:
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "auth check failure")

    fault.on["Connect"] = refuse
    with pytest.raises(UpstreamError, match="refused the user or token") as error:
        MilvusStore(url.replace("//", "//root:hunter2@"))
    assert "hunter2" not in one_sentence(error)


def test_secrets_are_nowhere_to_be_read(faults: tuple[str, Faults]) -> None:
    url, _ = faults
    with MilvusStore(url.replace("//", "//root:hunter2@")) as store:
        store.adopt(SPACE)
        assert store.url == store.stats().url == url
        assert "hunter2" not in repr(vars(store)) + repr(parse("milvus://root:hunter2@host"))


def test_an_old_version(faults: tuple[str, Faults]) -> None:
    url, fault = faults
    fault.version = "v2.3.21"
    with pytest.raises(
        UpstreamError, match=r"Milvus v2\.3\.21; remem needs 2\.4 or later"
    ) as error:
        MilvusStore(url)
    one_sentence(error)


def test_an_unknown_database(faults: tuple[str, Faults]) -> None:
    url, _ = faults
    with pytest.raises(RememError, match="create it, or correct the URL") as error:
        MilvusStore(f"{url}/nowhere")
    one_sentence(error)


@pytest.mark.parametrize(
    "url", ["milvus://", "milvus://host:port", "milvus://host/a/b", "milvus://u:secret@host:0"]
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(InvalidInput, match=r"write milvus://host:19530") as error:
        open_store(url)
    assert "secret" not in one_sentence(error)


def test_another_encoder(tmp_path: Path) -> None:
    path = str(tmp_path / "memories.db")
    with open_store(path) as store:
        store.adopt(SPACE)
    with open_store(path, SPACE.fingerprint) as store:
        assert store.space == SPACE
    with pytest.raises(EncoderMismatch, match="remem reindex"):
        open_store(path, "another")


def open_and_close(path: str) -> None:
    MilvusStore(path).close()


def test_a_file_that_another_process_has_open(tmp_path: Path) -> None:
    path = str(tmp_path / "memories.db")
    with MilvusStore(path) as store:
        store.adopt(SPACE)
        with pytest.raises(StoreLocked, match="close it there, or run a Milvus server") as error:
            elsewhere(open_and_close, path)
        one_sentence(error)
        with MilvusStore(path) as again:  # the same process may open it twice
            again.write("ana", batch(turn("k")))
        assert store.count("ana") == 1
    elsewhere(open_and_close, path)


def test_a_file_of_the_first_milvus_lite(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    path.write_bytes(b"SQLite format 3\0")
    with pytest.raises(CorruptStore, match="export it with the version") as error:
        MilvusStore(str(path))
    one_sentence(error)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="make it first"):
        MilvusStore(str(tmp_path / "nowhere" / "memories.db"))


@pytest.mark.parametrize("missing", ["pymilvus", "milvus_lite"])
def test_without_the_optional_packages(missing: str, tmp_path: Path) -> None:
    program = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from remem import store\n"
        "try: store.open_store(sys.argv[1])\n"
        "except store.MissingDependency as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "memories.db")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("pip install 'remem[milvus]'\n")


def test_the_url_says_into_how_many_partitions(faults: tuple[str, Faults]) -> None:
    url, fault = faults
    with MilvusStore(f"{url}?partitions=64") as store:
        assert store.url == url
        store.adopt(SPACE)
    assert fault.partitions == [64, 64]


@pytest.mark.parametrize(
    "query", ["partitions=0", "partitions=many", "parts=2", "partitions=2&a=b"]
)
def test_another_query_than_that(query: str) -> None:
    with pytest.raises(InvalidInput, match=r"is no address of Milvus.*\?partitions=64") as error:
        parse(f"milvus://root:hunter2@host?{query}")
    assert "hunter2" not in str(error.value)


def test_a_collection_that_a_killed_process_had_begun_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "memories.db"
    MilvusStore(str(path)).close()
    folder = path / "collections" / records_name(2)
    (folder / "data").mkdir(parents=True)
    with MilvusStore(str(path)) as store:
        assert not folder.exists()
        store.adopt(SPACE)
        store.write("ana", batch(turn("a")))
        assert store.count("ana") == 1


def test_a_scan_that_is_under_way_when_the_store_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remem.store.store.PAGE", 1)
    store = MilvusStore(str(tmp_path / "memories.db"))
    store.adopt(SPACE)
    store.write("ana", batch(turn("a"), turn("b", position=1)))
    scan = store.scan("ana")
    assert next(scan).key == "a"
    store.close()
    with pytest.raises(StoreClosed, match="is closed; open it again") as error:
        next(scan)
    one_sentence(error)

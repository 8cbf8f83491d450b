"""What a call to ``Memory`` asks of PostgreSQL: a server may be far away, and each costs a trip."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from remem import Memory
from remem.contents import pin
from remem.store import Batch
from remem.store.postgres import PostgresStore
from remem.testing import HashEncoder
from tests.postgres_server import PostgresServer, running

_STATEMENT = re.compile(r"^(?:statement|execute [^:]*): *(.*)$", re.MULTILINE)


class Log:
    """The statements that a server was sent, as it wrote them down itself."""

    def __init__(self, server: PostgresServer) -> None:
        self._file = server.folder / "log"

    def of(self, work: Callable[[], object]) -> list[str]:
        """The first line of each statement that came while ``work`` was done."""
        before = len(self._file.read_bytes())
        work()
        written = self._file.read_bytes()[before:].decode()
        return _STATEMENT.findall(written.replace("LOG:  ", ""))


def transactions(statements: list[str]) -> int:
    return sum(statement.startswith("BEGIN") for statement in statements)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running(fsync="off", log_statement="all", log_line_prefix="") as server:
        yield server


@pytest.fixture
def log(server: PostgresServer) -> Log:
    return Log(server)


@pytest.fixture
def memory(server: PostgresServer) -> Iterator[Memory]:
    """A memory that has been written to before, some notes and a conversation."""
    with Memory(server.fresh(), encoder=HashEncoder()) as memory:
        pin(memory, memory.add("Nora is vegan.").key)
        for number in range(5):
            memory.add(f"The kiln number {number} broke on a day in spring.")
        memory.add_messages([{"role": "user", "content": f"Turn {n} on kilns."} for n in range(20)])
        yield memory


def test_the_server_says_what_it_was_sent(memory: Memory, log: Log) -> None:
    sent = log.of(memory.namespaces)
    assert sent[0].startswith("BEGIN")
    assert sent[-1] == "COMMIT"
    assert transactions(sent) == 1
    assert len(sent) == 3


def test_a_note_takes_two_transactions_and_fifteen_statements(memory: Memory, log: Log) -> None:
    for number in range(12):  # now and then a write tidies up after others
        sent = log.of(lambda n=number: memory.add(f"Ravi bought boat number {n}."))
        assert transactions(sent) <= 2
        assert len(sent) <= 15


def test_what_is_known_already_is_only_looked_up(memory: Memory, log: Log) -> None:
    sent = log.of(lambda: memory.add("Nora is vegan."))
    assert transactions(sent) == 1
    assert len(sent) <= 3


def test_a_turn_takes_two_transactions(memory: Memory, log: Log) -> None:
    sent = log.of(lambda: memory.add("And now?", source="chat", kind="turn"))
    assert transactions(sent) <= 2


def test_a_message_takes_three_transactions(memory: Memory, log: Log) -> None:
    sent = log.of(lambda: memory.add_messages([{"role": "user", "content": "And now?"}]))
    assert transactions(sent) <= 3


@pytest.mark.parametrize(
    ("question", "most"),
    [
        ("Which kiln broke?", 20),  # four or more for what is like the likeliest answer
        ("Which kiln broke in spring?", 30),  # looked for again among what was said then
        ("Which kiln broke? Who is vegan?", 50),  # the message, and each of its questions
    ],
)
def test_a_context_takes_two_transactions(
    memory: Memory, log: Log, question: str, most: int
) -> None:
    sent = log.of(lambda: memory.context(question))
    assert transactions(sent) <= 2
    assert len(sent) <= most


def test_a_search_takes_one_transaction(memory: Memory, log: Log) -> None:
    for question in ("Which kiln broke in spring?", "What broke? Who is vegan? When?"):
        assert transactions(log.of(lambda asked=question: memory.search(asked))) == 1


@pytest.mark.parametrize("key", ["chat#7", "note"])
def test_an_update_and_a_deletion_take_two_transactions_each(
    memory: Memory, log: Log, key: str
) -> None:
    memory.add("Ravi has a boat.", key="note")
    assert transactions(log.of(lambda: memory.update(key, "Ravi has no boat."))) <= 2
    assert transactions(log.of(lambda: memory.delete(key))) <= 2


def test_whoever_asks_for_nothing_sends_nothing(memory: Memory, server: PostgresServer) -> None:
    with PostgresStore(server.url("fresh")) as store:
        log = Log(server)
        assert log.of(lambda: store.get("default", [])) == []
        assert log.of(lambda: store.entries("default", [])) == []
        assert log.of(lambda: store.predecessors("default", [])) == []
        assert log.of(lambda: store.reading(lambda reader: reader.get("default", []))) == []


def test_an_empty_batch_changes_no_row(memory: Memory, server: PostgresServer) -> None:
    with PostgresStore(server.url("fresh")) as store:
        store.write("default", Batch())
        sent = Log(server).of(lambda: store.write("default", Batch(delete=["unknown"])))
    assert not [each for each in sent if each.startswith(("DELETE", "COPY", "UPDATE"))]


def test_what_is_added_is_returned_as_it_is_stored(memory: Memory) -> None:
    added = memory.add("Ravi has a boat.", metadata={"tags": ["boat"], "year": 2024})
    assert added == memory.get(added.key)
    updated = memory.update(added.key, "Ravi has no boat.")
    assert updated == memory.get(updated.key)

"""What a long record says far behind its beginning is found by its meaning."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from remem import Memory, Retriever
from remem.encoders.reading import AsBefore
from remem.encoders.sentence_transformer import SentenceTransformerEncoder
from remem.migrate import migrate
from remem.store import Batch, Entry, Record, Store, Vector, View, open_store
from remem.testing import HashEncoder
from remem.views import TURN, WINDOW, space_of
from tests.postgres_server import PostgresServer, running

TOPICS = {
    "What happened with our vehicle?": (
        "The car broke down on the motorway near Lyon. A tow truck brought it to a garage, where "
        "the mechanic found that the gearbox was worn out. He ordered another one from the "
        "manufacturer, which took four days, and charged two thousand euros. "
    ),
    "How is the health of my mother?": (
        "Mum was taken to hospital with pneumonia. The doctors gave her antibiotics through a "
        "drip, and a nurse looked in every hour. Her fever went down on the third day, and she can "
        "breathe without oxygen by now. "
    ),
    "Which musical instrument am I learning?": (
        "I take cello lessons with a retired orchestra player. We began with open strings and slow "
        "bowing, and last month I played my first sonata. She says that my intonation gets better, "
        "but that I hold the bow too tightly. "
    ),
    "What do we grow in the vegetable beds?": (
        "In the garden we planted tomatoes, courgettes and runner beans. Slugs ate the lettuce, so "
        "we put copper tape around the raised beds. The compost from last autumn made the pumpkins "
        "swell, and the raspberries were ripe in July. "
    ),
    "What are the plans for the marriage ceremony?": (
        "My sister gets married in June. The wedding is in a small chapel above the lake, followed "
        "by dinner for sixty guests in a barn. She has chosen a simple white dress, and the "
        "bridesmaids wear green. "
    ),
}
LONG = "".join(3 * text for text in TOPICS.values())
OTHERS = [
    "The printer in the office is out of paper again.",
    "I finished the novel about the lighthouse keeper.",
    "The council wants to close the swimming pool on Mondays.",
    "We watched the documentary about penguins.",
    "My password for the library has expired.",
    "The neighbours painted their fence yellow.",
    "I bought a rain jacket for the trip to Norway.",
    "The supermarket moved the bread to the back.",
]
MEANING = Retriever(weights={"dense window": 1.0})
"""Asks the vectors alone, no words, and of them those that are to reach everything."""


@pytest.fixture(scope="module")
def bundled() -> SentenceTransformerEncoder:
    return SentenceTransformerEncoder()


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running(fsync="off") as server:
        server.run("CREATE DATABASE long_records")
        yield server


@pytest.fixture
def memory(tmp_path: Path, bundled: SentenceTransformerEncoder) -> Iterator[Memory]:
    with Memory(tmp_path / "store", encoder=bundled, retriever=MEANING) as memory:
        for text in OTHERS:
            memory.add(text)
        yield memory


@pytest.mark.model
@pytest.mark.parametrize("question", TOPICS)
def test_every_part_of_a_long_record_is_found_by_its_meaning(memory: Memory, question: str) -> None:
    long = memory.add(LONG)
    assert memory.search(question, 1)[0].record == long


@pytest.mark.model
def test_what_an_update_says_far_behind_is_found_by_its_meaning(memory: Memory) -> None:
    memory.add("My aunt sent a postcard.", key="note")
    memory.update("note", LONG)
    question = list(TOPICS)[-1]
    assert memory.search(question, 1)[0].record.text == LONG


@pytest.mark.model
def test_a_long_turn_is_found_by_its_meaning_among_short_ones(memory: Memory) -> None:
    for text in ("Tell me everything!", LONG, "Thank you, that was a lot."):
        memory.add_messages([{"role": "user", "content": text}], session="chat")
    question = list(TOPICS)[-1]
    assert memory.search(question, 1)[0].record.text == LONG


@pytest.mark.model
@pytest.mark.parametrize("kind", ["postgres", "milvus"])
def test_other_stores_find_it_by_its_meaning_and_keep_it_when_copied(
    kind: str, tmp_path: Path, bundled: SentenceTransformerEncoder, server: PostgresServer
) -> None:
    url = {"postgres": server.url("long_records"), "milvus": str(tmp_path / "milvus.db")}[kind]
    with Memory(url, encoder=bundled, retriever=MEANING) as memory:
        for text in (*OTHERS, LONG):
            memory.add(text)
        assert all(memory.search(question, 1)[0].record.text == LONG for question in TOPICS)
        assert memory.verify().ok
    with open_store(url) as old, open_store(tmp_path / "copy") as new:
        migrate(old, new)
    with Memory(tmp_path / "copy", encoder=bundled, retriever=MEANING) as memory:
        assert all(memory.search(question, 1)[0].record.text == LONG for question in TOPICS)


def vectors(store: Store) -> dict[tuple[str, str], Vector]:
    entries = store.entries("default", [record.key for record in store.scan("default")])
    return {
        (entry.record.key, name): view.vector
        for entry in entries
        for name, view in entry.views.items()
    }


@pytest.fixture
def of_before(tmp_path: Path) -> Path:
    """A store of an earlier version, in which every vector is that of its text."""
    encoder = HashEncoder()
    url = tmp_path / "before"
    with open_store(url) as store:
        store.adopt(space_of(AsBefore(encoder)))
        for position, text in enumerate((LONG, "short")):
            view = View(text, encoder.encode_query(text))
            record = Record(str(position), "s", position, text, kind="note")
            store.write("default", Batch(add=[Entry(record, {TURN: view, WINDOW: view})]))
    return url


def test_a_store_of_before_opens_answers_and_verifies(of_before: Path) -> None:
    with Memory(of_before, encoder=HashEncoder()) as memory:
        assert memory.search("Where did the car break down?", 1)[0].record.text == LONG
        assert memory.add("Something new.").text == "Something new."
        assert memory.verify().ok


def test_a_reindex_gives_a_store_of_before_the_vectors_of_a_new_one(
    of_before: Path, tmp_path: Path
) -> None:
    with Memory(tmp_path / "new", encoder=HashEncoder()) as memory:
        for key, text in (("0", LONG), ("1", "short")):
            memory.add(text, key=key)
    with open_store(tmp_path / "new") as store:
        new = vectors(store)
    with open_store(of_before) as store:
        before = vectors(store)
    with Memory(of_before, encoder=HashEncoder()) as memory:
        memory.reindex(HashEncoder())
        assert memory.verify().ok
    with open_store(of_before) as store:
        after = vectors(store)
    assert before.keys() == after.keys() == new.keys()
    assert all(np.array_equal(after[place], new[place]) for place in new)
    differs = {place for place in new if not np.array_equal(before[place], new[place])}
    assert differs == {("0", TURN), ("0", WINDOW)}


def test_a_short_record_has_one_vector_in_both_views(tmp_path: Path) -> None:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        memory.add("Rex is a dog.", key="rex")
    with open_store(tmp_path / "store") as store:
        found = vectors(store)
    assert np.array_equal(found["rex", TURN], found["rex", WINDOW])

"""A question that is answered again, by other words: nothing is lost, nothing is there twice."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem import Memory
from remem.attach.attachment import Attachment
from remem.store import Record
from remem.testing import HashEncoder

QUESTION = "Where shall we go in May?"
CITIES = ("Porto.", "Turin.", "Ghent.", "Bergen.", "Split.", "Cork.", "Graz.", "Lund.")


@pytest.fixture(params=["embedded", "reference"])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Memory]:
    where = ":memory:" if request.param == "reference" else tmp_path / "store"
    with Memory(where, encoder=HashEncoder()) as memory:
        yield memory


def answered(memory: Memory, *said: str) -> None:
    """A conversation of user and assistant by turns, of which the last words are the answer."""
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": text} for n, text in enumerate(said[:-1])]
    problem = Attachment(memory).recall(messages, "trip").remember(said[-1]).problem
    assert problem is None


def current(memory: Memory) -> list[str]:
    """The words that can be found, in order."""
    return [record.text for record in memory.last("trip", 99)]


def ever(memory: Memory) -> list[str]:
    """All that was said and is kept, earlier answers included."""
    return sorted(record.text for record in memory.scan())


def versions(memory: Memory, text: str) -> list[str]:
    """All answers that stand in one place, the present one last."""
    key = next(record.key for record in memory.scan() if record.text == text)
    return [record.text for record in memory.history(key)]


def test_the_newest_answer_takes_the_place_of_the_first_which_stays_in_its_history(
    memory: Memory,
) -> None:
    for city in CITIES[:3]:
        answered(memory, QUESTION, city)
    assert current(memory) == [QUESTION, "Ghent."]
    assert versions(memory, "Porto.") == ["Porto.", "Turin.", "Ghent."]
    assert "Turin." not in [one.record.text for one in memory.search("Turin", k=9)]


def test_the_same_answer_again_changes_nothing(memory: Memory) -> None:
    for city in ("Porto.", "Turin.", "Turin.", "Turin."):
        answered(memory, QUESTION, city)
    assert ever(memory) == sorted([QUESTION, "Porto.", "Turin."])


def test_an_answer_that_differs_only_in_its_reasoning_is_the_same(memory: Memory) -> None:
    answered(memory, QUESTION, "<think>By train?</think>Porto.")
    answered(memory, QUESTION, "<think>By boat?</think>\n\nPorto.")
    assert ever(memory) == sorted([QUESTION, "Porto."])


def test_many_answers_at_once_leave_one_question_and_one_answer(memory: Memory) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda city: answered(memory, QUESTION, city), CITIES))
    assert ever(memory) == sorted([QUESTION, *CITIES])
    question, answer = current(memory)
    assert question == QUESTION
    assert sorted(versions(memory, answer)) == sorted(CITIES)


def test_many_answers_at_once_while_the_conversation_goes_on(memory: Memory) -> None:
    def go_on(city: str) -> None:
        answered(memory, QUESTION, city)
        answered(memory, QUESTION, city, f"When to {city}", f"To {city} in the second week.")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(go_on, CITIES))
    assert {record.text for record in memory.scan()} == {
        QUESTION,
        *CITIES,
        *(f"When to {city}" for city in CITIES),
        *(f"To {city} in the second week." for city in CITIES),
    }
    assert current(memory).count(QUESTION) == 1
    assert len([text for text in current(memory) if text in CITIES]) == 1


_ANSWERING = """
import sys
from remem import Memory
from remem.attach.attachment import Attachment
from remem.testing import HashEncoder

_, where, question, *answers = sys.argv
with Memory(where, encoder=HashEncoder()) as memory:
    print("ready", flush=True)
    sys.stdin.readline()
    for answer in answers:
        exchange = Attachment(memory).recall([{"role": "user", "content": question}], "trip")
        assert exchange.remember(answer).problem is None
"""


def test_two_processes_that_answer_at_once_leave_one_question_and_one_answer(
    tmp_path: Path,
) -> None:
    where = tmp_path / "store"
    command = [sys.executable, "-c", _ANSWERING, str(where), QUESTION]
    running = [
        subprocess.Popen(
            [*command, *cities], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for cities in (CITIES[:4], CITIES[4:])
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.communicate("go\n", timeout=120)
        assert process.returncode == 0
    with Memory(where, encoder=HashEncoder()) as memory:
        assert ever(memory) == sorted([QUESTION, *CITIES])
        question, answer = current(memory)
        assert question == QUESTION
        assert len(versions(memory, answer)) == len(CITIES)
        assert memory.verify().ok


def test_what_follows_a_new_answer_follows_it_in_the_memory(memory: Memory) -> None:
    answered(memory, QUESTION, "Porto.")
    answered(memory, QUESTION, "Turin.")
    for _ in range(2):
        answered(memory, QUESTION, "Turin.", "By train?", "Yes.")
    assert current(memory) == [QUESTION, "Turin.", "By train?", "Yes."]


def test_an_answer_in_the_middle_is_replaced_where_it_stands(memory: Memory) -> None:
    answered(memory, QUESTION, "Porto.")
    answered(memory, QUESTION, "Porto.", "By train?", "Yes.")
    answered(memory, QUESTION, "Turin.")
    assert current(memory) == [QUESTION, "Turin.", "By train?", "Yes."]
    answered(memory, QUESTION, "Turin.", "By boat?", "No.")
    assert current(memory)[2:] == ["By train?", "Yes.", "By boat?", "No."]


def test_who_goes_back_to_an_earlier_answer_has_it_again(memory: Memory) -> None:
    answered(memory, QUESTION, "Porto.")
    answered(memory, QUESTION, "Turin.")
    for _ in range(2):
        answered(memory, QUESTION, "Porto.", "By train?", "Yes.")
    assert current(memory) == [QUESTION, "Porto.", "By train?", "Yes."]
    assert "Turin." in ever(memory)
    assert versions(memory, "Turin.")[-1] == "Porto."


def test_an_answer_that_nobody_gave_replaces_none(memory: Memory) -> None:
    # A front end may shorten what it sends back.
    answered(memory, QUESTION, "Porto, by train, in the second week.")
    answered(memory, QUESTION, "Porto, [...]", "By train?", "Yes.")
    assert current(memory)[:2] == [QUESTION, "Porto, by train, in the second week."]


def test_an_edited_question_is_another_one_and_what_came_before_it_is_stored_once(
    memory: Memory,
) -> None:
    answered(memory, QUESTION, "Porto.")
    answered(memory, QUESTION, "Porto.", "By train?", "Yes.")
    answered(memory, QUESTION, "Porto.", "By boat?", "No.")
    answered(memory, QUESTION, "Porto.", "By boat?", "No.", "Why?", "It sank.")
    assert current(memory) == [
        *(QUESTION, "Porto.", "By train?", "Yes."),
        *("By boat?", "No.", "Why?", "It sank."),
    ]


def test_behind_an_answer_that_is_damaged_the_conversation_goes_on(tmp_path: Path) -> None:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        answered(memory, QUESTION, "Porto.")
        with closing(sqlite3.connect(tmp_path / "store" / "records.sqlite3")) as database:
            database.execute("UPDATE records SET origin = 'persom' WHERE text = 'Porto.'")
            database.commit()
        answered(memory, QUESTION, "Porto.", "By train?", "Yes.")
        answered(memory, QUESTION, "Porto.", "By train?", "Yes.", "When?", "In May.")
        assert current(memory) == [QUESTION, "By train?", "Yes.", "When?", "In May."]


def test_an_answer_that_was_forgotten_can_be_given_again(memory: Memory) -> None:
    answered(memory, QUESTION, "Porto.")
    answered(memory, QUESTION, "Turin.")
    memory.delete(memory.last("trip", 1)[0].key)
    assert ever(memory) == [QUESTION]
    answered(memory, QUESTION, "Ghent.")
    assert current(memory) == [QUESTION, "Ghent."]


def test_a_front_end_that_sends_reasoning_back_sends_the_same_conversation(memory: Memory) -> None:
    answered(memory, QUESTION, "<think>By train?</think>Porto.")
    answered(memory, QUESTION, "<think>By train?</think>Porto.", "When?", "In May.")
    answered(memory, QUESTION, "Porto.", "When?", "In May.")
    assert ever(memory) == sorted([QUESTION, "Porto.", "When?", "In May."])


words = st.sampled_from(["Porto.", "Turin.", "yes", "no"])


@given(st.lists(st.tuples(words, st.lists(words, min_size=1, max_size=3)), max_size=4))
def test_however_often_each_question_is_answered_it_has_one_answer(
    asked: Sequence[tuple[str, Sequence[str]]],
) -> None:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        conversation: list[str] = []
        for question, answers in asked:
            for answer in answers:
                answered(memory, *conversation, question, answer)
            conversation += [question, answers[-1]]
        assert current(memory) == conversation


# Over servers and clients ------------------------------------------------------------------------


def through_the_proxy(url: str, folder: Path, answers: int) -> list[Record]:
    import openai

    from tests.remem_process import remem_serving

    arguments = ("--upstream", url, "--processes", "1")
    with (
        remem_serving(folder, *arguments) as proxy,
        openai.OpenAI(base_url=f"{proxy}/v1", api_key="k", max_retries=0) as client,
    ):
        _ask_at_once(client, answers)
    with Memory(folder / "store", encoder=HashEncoder()) as memory:
        return list(memory.scan())


def through_two_proxies(url: str, folder: Path, answers: int) -> list[Record]:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: through_the_proxy(url, folder, answers // 2), range(2)))
    with Memory(folder / "store", encoder=HashEncoder()) as memory:
        return list(memory.scan())


def through_a_client(url: str, folder: Path, answers: int) -> list[Record]:
    import openai

    from remem.attach.openai_client import with_memory

    with (
        Memory(folder / "store", encoder=HashEncoder()) as memory,
        openai.OpenAI(base_url=url, api_key="k", max_retries=0) as client,
    ):
        _ask_at_once(with_memory(client, memory), answers)
        return list(memory.scan())


def _ask_at_once(client: Any, times: int) -> None:
    messages = [{"role": "user", "content": QUESTION}]

    def ask(number: int) -> None:
        if number % 2:
            list(client.chat.completions.create(model="m", messages=messages, stream=True))
        else:
            client.chat.completions.create(model="m", messages=messages)

    with ThreadPoolExecutor(times) as pool:
        list(pool.map(ask, range(times)))


@pytest.mark.parametrize("road", [through_the_proxy, through_two_proxies, through_a_client])
def test_many_answers_at_once_on_every_road(
    tmp_path: Path, road: Callable[[str, Path, int], list[Record]]
) -> None:
    pytest.importorskip("openai")
    pytest.importorskip("fastapi")
    from tests.responses_upstream import running_upstream

    with running_upstream() as upstream:
        upstream.answers.clear()
        upstream.answers.extend([*CITIES, "and no more"])
        records = road(upstream.url, tmp_path, len(CITIES))
    assert sorted(record.text for record in records) == sorted([QUESTION, *CITIES])
    present = [record for record in records if record.superseded_by is None]
    assert [record.role for record in present] == ["user", "assistant"]

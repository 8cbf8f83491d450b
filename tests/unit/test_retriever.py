"""Which legs are asked, what a date in the question finds, and who looks again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from remem import F, Memory
from remem.recall.encoded import Encoded
from remem.recall.recollection import Recollection
from remem.recall.retriever import Retriever
from remem.store import Filter, InvalidInput
from remem.testing import HashEncoder

NOON = datetime(2024, 5, 15, 12, tzinfo=timezone.utc)
ENCODER = HashEncoder()


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=ENCODER) as memory:
        yield memory


def say(memory: Memory, text: str, days_ago: int = 0, speaker: str | None = None) -> None:
    memory.add(text, kind="turn", said_at=NOON - timedelta(days=days_ago), speaker=speaker)


def search(
    memory: Memory,
    asked: str,
    k: int = 10,
    *,
    where: Filter | None = None,
    now: datetime | None = NOON,
    retriever: Retriever | None = None,
) -> list[Recollection]:
    store = memory._writer.store
    return (retriever or Retriever()).search(store, ENCODER, memory.namespace, asked, k, where, now)


def texts(found: Sequence[Recollection]) -> list[str]:
    return [one.record.text for one in found]


def fill(memory: Memory) -> None:
    """A hundred turns about rain, of another month."""
    memory.add_messages(
        [
            {"role": "user", "content": f"More rain, drop {i}.", "time": NOON - timedelta(days=99)}
            for i in range(100)
        ],
        session="weather",
    )


def test_a_date_finds_what_shares_no_word_with_the_question(memory: Memory) -> None:
    fill(memory)
    say(memory, "Our sister married Tomas in blue shoes.", days_ago=14)
    asked = "What did you celebrate two weeks ago?"
    assert "Our sister married Tomas in blue shoes." in texts(search(memory, asked))
    assert "Our sister married Tomas in blue shoes." not in texts(search(memory, asked, now=None))


def test_what_a_filter_excludes_no_date_brings_back(memory: Memory) -> None:
    say(memory, "The cat had kittens.", days_ago=1, speaker="Ana")
    say(memory, "The dog had puppies.", days_ago=1, speaker="Ben")
    found = search(memory, "What happened yesterday?", where=F("speaker") == "Ben")
    assert texts(found) == ["The dog had puppies."]


def test_without_a_present_a_full_date_still_counts(memory: Memory) -> None:
    say(memory, "The cat had kittens.", days_ago=1)
    [one] = search(memory, "What happened on 14 May 2024?", now=None)
    assert one.parts["date"] > 0


def test_a_present_without_a_time_zone_is_refused(memory: Memory) -> None:
    with pytest.raises(InvalidInput, match="without a time zone"):
        search(memory, "What happened yesterday?", now=NOON.replace(tzinfo=None))


@pytest.mark.parametrize("weights", [{"text turn": 1.0}, {"text turn": 1.0, "dense turn": 0.0}])
def test_a_leg_without_a_weight_is_not_asked(memory: Memory, weights: dict[str, float]) -> None:
    say(memory, "The kiln broke.")
    say(memory, "The cat had kittens.")
    assert len(search(memory, "kiln")) == 2  # to the dense legs everything is near in some degree
    [one] = search(memory, "kiln", retriever=Retriever(weights))
    assert (one.record.text, one.parts) == ("The kiln broke.", {"text turn": 1.0})


def test_without_a_weight_of_dates_none_is_looked_up(memory: Memory) -> None:
    say(memory, "The cat had kittens.", days_ago=1)
    asked = "What happened to the kiln yesterday?"
    assert search(memory, asked, retriever=Retriever({"text turn": 1.0})) == []
    assert search(memory, asked, retriever=Retriever({"text turn": 1.0, "date": 1.0})) == []
    assert len(search(memory, asked, retriever=Retriever({"dense turn": 1.0, "date": 1.0}))) == 1


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"dense": 1.0}, "nothing called 'dense'"),
        ({"dense turn": -1.0}, "'dense turn' is -1.0; give 0 or more"),
        ({"dense turn": float("nan")}, "give 0 or more"),
        ({"dense turn": 0.0, "date": 1.0}, "nothing would be found"),
        ({}, "nothing would be found"),
    ],
)
def test_weights_that_mean_nothing_are_refused(weights: dict[str, float], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Retriever(weights)


def test_more_may_be_asked_for_than_there_is(memory: Memory) -> None:
    fill(memory)
    assert len(search(memory, "rain", 1000)) == 100


def test_how_many_are_asked_for_changes_nothing_about_the_first(memory: Memory) -> None:
    fill(memory)
    assert search(memory, "drop 7", 1) == search(memory, "drop 7", 50)[:1]


def test_a_superseded_memory_is_not_recalled_by_its_date(memory: Memory) -> None:
    memory.add("The cat had kittens.", key="cat", said_at=NOON - timedelta(days=1))
    memory.update("cat", "The cat had puppies.")
    assert texts(search(memory, "What happened yesterday?")) == ["The cat had puppies."]


def test_a_question_of_stop_words_finds_what_holds_them(memory: Memory) -> None:
    say(memory, "Who are you?")
    assert texts(search(memory, "who are you")) == ["Who are you?"]


class Likes:
    """A reranker that gives 1 to texts with a word."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.read: list[str] = []

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        self.read = list(texts)
        return np.array([float(self.word in text) for text in texts], dtype=np.float32)


def test_a_reranker_raises_what_stood_below_k(memory: Memory) -> None:
    for i in range(8):
        say(memory, f"The kiln broke {'again ' * i}", speaker="Nora")
    last = search(memory, "kiln broke")[-1].record.text
    likes = Retriever(reranker=Likes(last), rerank_weight=0.9)
    [one] = search(memory, "kiln broke", 1, retriever=likes)
    assert one.record.text == last
    assert one.parts["reranker"] == pytest.approx(0.9)
    assert sum(one.parts.values()) == pytest.approx(one.score)


def test_a_reranker_reads_the_best_fifty_with_their_speakers(memory: Memory) -> None:
    fill(memory)
    say(memory, "The kiln broke.", speaker="Nora")
    reranker = Likes("kiln")
    search(memory, "kiln", 3, retriever=Retriever(reranker=reranker))
    assert len(reranker.read) == 50
    assert reranker.read[0] == "Nora: The kiln broke."


def test_a_reranker_with_nothing_to_read_is_harmless(memory: Memory) -> None:
    assert search(memory, "kiln", retriever=Retriever(reranker=Likes("kiln"))) == []


def test_relevance_follows_the_order_of_the_reranker(memory: Memory) -> None:
    say(memory, "The kiln broke.")
    say(memory, "The kiln is mended.")
    found = search(memory, "Is the kiln mended?", retriever=Retriever(reranker=Likes("broke")))
    first, second = (one.relevance for one in found)
    assert first > second > 0


def test_a_message_that_asks_two_things_is_answered_twice(memory: Memory) -> None:
    fill(memory)
    say(memory, "The kiln is behind the barn.")
    say(memory, "Tomas repairs clocks in Leiria.")
    asked = "Where is the kiln? Which clocks does Tomas repair?"
    found = search(memory, asked, 2)
    assert set(texts(found)) == {"The kiln is behind the barn.", "Tomas repairs clocks in Leiria."}
    assert [one.score for one in found] == pytest.approx([1.0, 1.0])


def test_what_the_person_said_stands_above_what_the_assistant_made_of_it(memory: Memory) -> None:
    memory.add_messages(
        [
            {"role": "user", "content": "I want to visit the kiln in Leiria."},
            {"role": "assistant", "content": "Then visit the kiln in Leiria!"},
        ]
    )
    first, second = search(memory, "Which kiln does the person want to visit?")
    assert (first.record.role, second.record.role) == ("user", "assistant")
    assert first.parts["asker"] > 0


def test_the_answer_may_be_one_step_behind_what_is_found(memory: Memory) -> None:
    fill(memory)
    say(memory, "Mirabel has the number 5550142.", speaker="Ana")
    say(memory, "Mirabel repairs clocks.", speaker="Ana")
    found = search(memory, "Who has the number 5550142?")
    [step] = [one for one in found if one.record.text == "Mirabel repairs clocks."]
    assert step.parts["link"] > 0


WORDS = st.sampled_from("kiln cat Ana yesterday last week 我们 昨天 ? . 🦊 [x] the 2024".split())
PHRASES = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)


@given(st.lists(st.tuples(PHRASES, st.sampled_from([None, "Ana"])), max_size=8), PHRASES)
def test_scores_and_relevance_are_between_zero_and_one_and_the_same_every_time(
    told: list[tuple[str, str | None]], asked: str
) -> None:
    with Memory(":memory:", encoder=ENCODER) as memory:
        for days_ago, (text, speaker) in enumerate(told):
            say(memory, text, days_ago, speaker)
        found = search(memory, asked)
        assert search(memory, asked) == found
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    for one in found:
        assert 0 <= one.relevance <= 1
        assert 0 <= one.score <= 1
        assert sum(one.parts.values()) == pytest.approx(one.score)


class Listening(HashEncoder):
    """Writes down which questions it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def encode_query(self, text: str) -> NDArray[np.float32]:
        self.asked.append(text)
        return super().encode_query(text)


def nearest(memory: Memory, asked: str) -> dict[str, float]:
    """The score of each text in a search of turns by their vectors alone."""
    found = search(memory, asked, retriever=Retriever({"dense turn": 1.0}))
    return {one.record.text: one.parts.get("dense turn", 0.0) for one in found}


def test_a_question_that_names_a_speaker_is_asked_in_the_words_of_the_speaker(
    memory: Memory,
) -> None:
    say(memory, "I paint boats", speaker="Ilka")
    say(memory, "Ilka paint boats", speaker="Bram")
    say(memory, "The kiln broke again on Sunday night.", speaker="Bram")
    assert nearest(memory, "What did Ilka paint?") == nearest(memory, "What did I paint?")


def test_a_question_that_names_somebody_else_is_asked_as_it_is(memory: Memory) -> None:
    say(memory, "Ilka paint boats", speaker="Bram")
    say(memory, "I paint boats", speaker="Bram")
    say(memory, "The kiln broke again on Sunday night.", speaker="Bram")
    found = nearest(memory, "What did Ilka paint?")
    assert found["Ilka paint boats"] > found["I paint boats"]


def test_the_words_of_whoever_may_be_named_are_encoded_with_the_question() -> None:
    encoder = Listening()
    [asked] = Encoded.by(encoder, "What did Ilka paint?").asked
    assert encoder.asked[-2:] == ["What did Ilka paint?", "What did I paint?"]
    assert asked.told.keys() == {"Ilka"}


def test_the_date_of_a_question_is_not_encoded() -> None:
    encoder = Listening()
    Encoded.by(encoder, "Where did I live in May 2023?")
    assert encoder.asked == ["Where did I live ?"]


def test_what_is_near_the_question_as_it_was_asked_is_found_too(memory: Memory) -> None:
    for number in range(90):
        say(memory, f"I paint boat{number}", speaker="Bram")
    say(memory, "Ilka paint boats", speaker="Ilka")
    found = search(memory, "What did Ilka paint?", 100, retriever=Retriever({"dense turn": 1.0}))
    assert "Ilka paint boats" in texts(found)


def test_without_a_weight_of_vectors_nobody_is_looked_for_by_them(memory: Memory) -> None:
    say(memory, "I paint boats", speaker="Ilka")
    say(memory, "The kiln broke again.", speaker="Bram")
    [one] = search(memory, "What did Ilka paint?", retriever=Retriever({"text turn": 1.0}))
    assert one.record.text == "I paint boats"

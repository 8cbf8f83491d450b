"""Labels that are learned from labelled memories."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

import numpy as np
import pytest

from remem import Memory
from remem.store import F, InvalidInput
from remem.testing import HashEncoder
from remem.uses.labels import learned
from remem.uses.lexicon import TONES, lexicon, tones

GOOD = [
    "the garden party was lovely",
    "the garden looked lovely today",
    "a lovely party in the garden",
    "we danced in the lovely garden",
]
BAD = [
    "the rain ruined the garden",
    "rain again and the party ruined",
    "my shoes are ruined by the rain",
    "the rain ruined our day",
]
STRANGE = "quarterly depreciation of amortised goodwill"


def march(day: int) -> datetime:
    return datetime(2024, 3, day, 12, tzinfo=timezone.utc)


@pytest.fixture
def memory() -> Iterator[Memory]:
    """Eight notes of March, all of them labelled."""
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        for label, texts in (("good", GOOD), ("bad", BAD)):
            for day, text in enumerate(texts, 1):
                memory.label("mood", label, memory.add(text, said_at=march(day)).key)
        yield memory


def test_a_label_is_learned_from_a_few_memories(memory: Memory) -> None:
    assert memory.classify("mood", "a lovely day in the garden").label == "good"
    assert memory.classify("mood", "the rain ruined my garden").label == "bad"


def test_the_nearest_examples_are_the_reasons(memory: Memory) -> None:
    guess = memory.classify("mood", GOOD[0])
    assert guess.reasons[0].record.text == GOOD[0]
    assert guess.reasons[0].label == "good"
    assert guess.reasons[0].cosine == pytest.approx(1)
    cosines = [reason.cosine for reason in guess.reasons]
    assert cosines == sorted(cosines, reverse=True)


def test_what_is_like_nothing_that_is_labelled_gets_no_label(memory: Memory) -> None:
    guess = memory.classify("mood", STRANGE)
    assert guess.label is None
    assert guess.nearness < memory.classify("mood", GOOD[0]).nearness


def test_a_new_example_counts_at_once(memory: Memory) -> None:
    assert memory.classify("mood", STRANGE).label is None
    for number in range(2):
        key = memory.add(f"{STRANGE} {number}").key
        memory.label("mood", "dull", key)
    assert memory.classify("mood", STRANGE).label == "dull"


def test_memories_are_labelled_where_something_near_is_known(memory: Memory) -> None:
    near = memory.add("such a lovely garden party", said_at=march(9)).key
    far = memory.add(STRANGE, said_at=march(9)).key
    labelled = memory.classify_all("mood")
    assert (labelled.labels, labelled.unknown) == ({"good": 1}, 1)
    stored = memory.get(near)
    assert stored is not None
    assert stored.metadata["mood"] == "good"
    assert 0.5 < stored.metadata["guessed"]["mood"] <= 1
    assert memory.count((F("key") == far) & F("metadata.mood").exists()) == 0


def test_a_guess_is_no_example(memory: Memory) -> None:
    before = memory.classify("mood", "rain").probability
    memory.add("lovely rain in the garden of rain")
    memory.classify_all("mood")
    assert memory.classify("mood", "rain").probability == before


def test_labels_that_somebody_gave_stay(memory: Memory) -> None:
    key = memory.add("a lovely garden party once more").key
    memory.label("mood", "bad", key)
    memory.classify_all("mood")
    record = memory.get(key)
    assert record is not None
    assert record.metadata == {"mood": "bad", "labelled": ["mood"]}


def test_a_person_corrects_a_guess(memory: Memory) -> None:
    key = memory.add("a lovely garden party once more").key
    memory.classify_all("mood")
    memory.label("mood", "bad", key)
    record = memory.get(key)
    assert record is not None
    assert record.metadata == {"mood": "bad", "labelled": ["mood"]}


def test_an_earlier_version_stands_for_the_present_one(memory: Memory) -> None:
    old = memory.add("a splendid garden").key
    new = memory.update(old, "a splendid garden, a lovely one").key
    memory.label("mood", "good", old)
    record = memory.get(new)
    assert record is not None
    assert record.metadata == {"mood": "good", "labelled": ["mood"]}


def test_a_guess_goes_when_it_would_not_be_made_any_more(memory: Memory) -> None:
    for number in range(2):
        memory.label("mood", "dull", memory.add(f"{STRANGE} {number}", key=f"dull{number}").key)
    key = memory.add(f"{STRANGE} 2").key
    memory.classify_all("mood")
    memory.delete("dull0", "dull1")
    memory.classify_all("mood")
    record = memory.get(key)
    assert record is not None
    assert record.metadata == {}


def test_a_label_is_a_filter_and_a_curve(memory: Memory) -> None:
    good = F("metadata.mood") == "good"
    assert {record.text for record in memory.scan(good)} == set(GOOD)
    assert memory.curve("mood") == {f"2024-03-0{day}": {"bad": 1, "good": 1} for day in range(1, 5)}
    key = memory.add("a lovely June", said_at=datetime(2024, 6, 1, tzinfo=timezone.utc)).key
    memory.label("mood", "good", key)
    assert memory.curve("mood") == {"2024-03": {"bad": 4, "good": 4}, "2024-06": {"good": 1}}
    assert memory.curve("mood", F("said_at") >= march(20)) == {"2024-06-01": {"good": 1}}


def test_labels_are_counted_by_name_and_titles_are_not(memory: Memory) -> None:
    key = memory.add("such a lovely garden party", said_at=march(9), metadata={"title": "June"}).key
    memory.label("weather", "fair", key)
    memory.classify_all("mood")
    assert memory.labels() == {"mood": {"good": 5, "bad": 4}, "weather": {"fair": 1}}
    assert memory.labels(F("said_at") >= march(9)) == {
        "mood": {"good": 1},
        "weather": {"fair": 1},
    }


def test_a_label_that_is_not_guessed_any_more_is_not_counted(memory: Memory) -> None:
    for number in range(2):
        memory.label("mood", "dull", memory.add(f"{STRANGE} {number}", key=f"dull{number}").key)
    memory.add(f"{STRANGE} 2")
    memory.classify_all("mood")
    assert memory.labels()["mood"]["dull"] == 3
    memory.delete("dull0", "dull1")
    memory.classify_all("mood")
    assert "dull" not in memory.labels()["mood"]


def test_probabilities_are_of_the_size_of_what_comes_true() -> None:
    """Labels that depend on nothing are right half of the time, and said to be."""
    chance = np.random.default_rng(0)
    vectors = chance.normal(size=(600, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = ["ab"[bit] for bit in chance.integers(2, size=600)]
    texts = ["x"] * 600
    model = learned(vectors[:300], texts[:300], labels[:300])
    judged = model.judge(vectors[300:], texts[300:])
    right = np.mean([one.label == label for one, label in zip(judged, labels[300:], strict=True)])
    assert abs(np.mean([one.probability for one in judged]) - right) < 0.15


def test_no_text_gets_no_judgement() -> None:
    model = learned(np.eye(4), ["x"] * 4, ["a", "a", "b", "b"])
    assert model.judge(np.empty((0, 4)), []) == []


@pytest.mark.parametrize(
    ("examples", "sentence"),
    [
        ([], "no memory has a label 'mood' to learn from"),
        (["good"], "the only example is labelled 'good': label some memories otherwise, too"),
        (["good", "good"], "the only 2 examples are labelled 'good'"),
        (["good", "bad"], "2 labels have 2 examples: label two memories or more with each"),
    ],
)
def test_too_few_labels_are_refused_in_a_sentence(examples: list[str], sentence: str) -> None:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        for number, label in enumerate(examples):
            memory.label("mood", label, memory.add(f"day {number}").key)
        for ask in (lambda: memory.classify("mood", "x"), lambda: memory.classify_all("mood")):
            with pytest.raises(InvalidInput, match=sentence):
                ask()


@pytest.mark.parametrize("name", ["", " ", "a.b", "pinned", "guessed", "labelled", "beside"])
def test_a_name_that_means_something_else_is_refused(memory: Memory, name: str) -> None:
    with pytest.raises(InvalidInput, match="labels cannot be called"):
        memory.label(name, "good", next(memory.scan()).key)


def test_what_is_left_out_is_refused_in_a_sentence(memory: Memory) -> None:
    with pytest.raises(InvalidInput, match="say which memories to label"):
        memory.label("mood", "good")
    with pytest.raises(InvalidInput, match="the label is empty"):
        memory.label("mood", " ", "key")
    with pytest.raises(InvalidInput, match="no memory has the key 'nothing'"):
        memory.label("mood", "good", "nothing")
    with pytest.raises(InvalidInput, match="the text is empty"):
        memory.classify("mood", "\n")
    with pytest.raises(InvalidInput, match=r"no memory .* has a label 'weather'"):
        memory.curve("weather")


def test_the_lexicon_knows_good_words_from_bad_ones_and_negation() -> None:
    pytest.importorskip("vaderSentiment")
    assert len(lexicon()) > 7000
    good, bad, not_good = map(tones, ("A great day :)", "A horrible day", "It wasn’t a great day"))
    assert good[0] > 0.5 > 0 > not_good[0] > bad[0]
    assert good[1] > 0 == good[2]
    assert bad[1] == 0 > bad[2]


def test_a_text_without_rated_words_has_no_tone() -> None:
    assert tones("") == tones("the of and 天气") == (0,) * TONES

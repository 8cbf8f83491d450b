"""How likely a memory is to matter, on a scale that means the same in every search."""

from collections.abc import Mapping

import pytest

from remem.recall.rarity import Rarity
from remem.recall.reading.question import read_query
from remem.recall.recollection import Recollection
from remem.recall.relevance import Scale, judged, share_in_tongue, text_reach
from remem.store import Hit, Record
from remem.store.fulltext.ranking import idf

SCALE = Scale(unrelated=0.1)
HEARD = Rarity({"kiln": 3.0}, unheard=5.0)


def ranking(*scores: float, text: str = "The kiln broke.") -> list[Recollection]:
    """Recollections named 0, 1, 2, ..."""
    return [
        Recollection(Record(key=str(i), source="chat", position=i, text=text), score)
        for i, score in enumerate(scores)
    ]


def relevance(
    *scores: float,
    asked: str = "What about the kiln?",
    text: str = "The kiln broke.",
    cosines: Mapping[str, float] | None = None,
    rarity: Rarity = HEARD,
    k: int = 50,
) -> list[float]:
    query, found = read_query(asked, None), ranking(*scores, text=text)
    return [one.relevance for one in judged(query, found, cosines or {}, SCALE, rarity, k)]


def test_what_is_covered_is_weighed_by_rarity() -> None:
    rarity = Rarity({"kiln": 3.0, "broken": 1.0}, unheard=5.0)
    assert rarity.covered({"kiln", "other"}) == pytest.approx(0.75)
    assert rarity.covered({"kiln", "broken"}) == 1
    assert rarity.covered(set()) == 0


def test_words_that_nobody_ever_used_are_foreign() -> None:
    assert Rarity({"kiln": 3.0, "zebra": 5.0}, unheard=5.0).foreign == pytest.approx(5 / 8)
    assert Rarity({"kiln": 3.0}, unheard=5.0).foreign == 0


def test_experience_grows_with_the_records_up_to_one() -> None:
    heard = [Rarity({}, unheard=idf(records, 0)).experience for records in (1, 10, 100, 300, 9000)]
    assert heard[:4] == sorted(set(heard[:4]))
    assert heard[3] == pytest.approx(1, abs=0.01)
    assert heard[4] == 1


def test_unheard_words_say_less_where_little_was_said() -> None:
    few, many = (Rarity({"kiln": unheard}, unheard) for unheard in (idf(3, 0), idf(3000, 0)))
    assert relevance(0.9, rarity=few)[0] > relevance(0.9, rarity=many)[0]


def test_a_question_without_words_covers_nothing_and_is_not_foreign() -> None:
    nothing = Rarity({}, unheard=5.0)
    assert (nothing.covered({"kiln"}), nothing.foreign) == (0, 0)


def test_nothing_found_is_nothing_judged() -> None:
    assert relevance() == []


def test_relevance_falls_with_the_place_and_with_the_score() -> None:
    found = relevance(0.8, 0.8, 0.4, 0.0)
    assert found == sorted(found, reverse=True)
    assert 1 > found[0] > found[1] > found[2] > found[3] > 0
    near, far = relevance(0.8, 0.7), relevance(0.8, 0.2)
    assert near[1] == far[1]  # of two, the second is the last, from which is measured


def test_scores_say_nothing_about_the_first_because_every_ranking_has_one() -> None:
    assert relevance(0.9) == relevance(0.2)


def test_nearer_memories_are_more_relevant() -> None:
    far, near = (relevance(0.9, cosines={"0": cosine})[0] for cosine in (0.1, 0.6))
    assert near > far


def test_memories_with_the_words_of_the_question_are_more_relevant() -> None:
    assert relevance(0.9)[0] > relevance(0.9, text="It broke.")[0]


def test_words_that_nobody_ever_used_lower_the_relevance() -> None:
    foreign = Rarity({"kiln": 3.0, "zebra": 5.0}, unheard=5.0)
    assert relevance(0.9, rarity=foreign)[0] < relevance(0.9)[0]


def test_small_talk_makes_nothing_relevant() -> None:
    assert relevance(0.9, 0.8, asked="Hi, how are you?", cosines={"0": 1.0}) == [0, 0]


@pytest.mark.parametrize("asked", ["What is my abode?", "what is my abode", "ok what's my abode"])
def test_a_question_may_be_farther_from_its_answer_than_what_asks_nothing(asked: str) -> None:
    foreign = Rarity({"abode": 6.4}, unheard=6.4)
    near = {"0": 0.35}
    asks, tells = (
        relevance(0.9, asked=text, cosines=near, rarity=foreign) for text in (asked, "abode = None")
    )
    assert asks[0] > 0
    assert tells == [0]


def test_code_must_be_nearer_than_other_words_that_ask_nothing() -> None:
    near = {"0": 0.53}
    words, code = (
        relevance(0.9, asked=text, cosines=near, rarity=Rarity({"abode": 6.4}, unheard=6.0))
        for text in ("Tell me my abode", "abode = f(x[0], y[1])")
    )
    assert words[0] > 0
    assert code == [0]


def test_the_neighbours_of_a_short_answer_speak_for_it() -> None:
    alone, among_them = relevance(0.9), relevance(0.9, 0.8, cosines={"0": 0.1, "1": 0.7})
    assert among_them[0] > alone[0]


def test_what_no_dense_leg_returned_is_no_nearer_than_what_one_did() -> None:
    assert relevance(0.9, cosines={"other": 0.3}) == relevance(0.9, cosines={"0": 0.3})


def test_how_many_are_asked_for_does_not_change_their_relevance() -> None:
    cosines = {"1": 0.7}
    assert (
        relevance(0.9, 0.8, 0.7, cosines=cosines, k=1)
        == (relevance(0.9, 0.8, 0.7, cosines=cosines)[:1])
    )


def test_scores_of_zero_make_nothing_relevant() -> None:
    assert relevance(0.0, 0.0) == [0, 0]


def test_the_words_that_the_question_asks_for_are_named_as_they_stand() -> None:
    query = read_query("Did kilns break?", None)
    [one] = judged(query, ranking(0.9, text="Kiln, kiln! It breaks."), {}, SCALE, HEARD, 1)
    assert one.words == ("kiln", "breaks")


def test_words_found_without_their_accents_are_shown_with_them() -> None:
    query = read_query("Where was the cafe in Lodz?", None)
    [one] = judged(query, ranking(0.9, text="The café is in Łódź."), {}, SCALE, HEARD, 1)
    assert one.words == ("café", "Łódź")


def text_legs(text: str) -> dict[str, list[Hit]]:
    hits = [Hit(one.record, 7.0) for one in ranking(0.9, text=text)]
    return {"text turn": hits, "dense turn": hits, "text window": []}


def test_a_full_text_leg_is_worth_less_than_the_share_of_the_question_that_it_holds() -> None:
    query = read_query("What is left in the fridge?", None)
    rarity = Rarity({"leav": 1.0, "fridg": 1.0}, unheard=3.0)
    legs = text_legs("My left knee hurts.")
    assert text_reach(legs, query, rarity, 0.0) == {"text turn": 0.25}
    whole = text_legs("We left the fridge open.")
    assert text_reach(whole, query, rarity, 0.0) == {"text turn": 1.0}


def test_a_full_text_leg_is_worth_all_in_a_memory_of_the_same_language() -> None:
    query = read_query("What is left in the fridge?", None)
    rarity = Rarity({"leav": 1.0, "fridg": 1.0}, unheard=3.0)
    assert text_reach(text_legs("My left knee hurts."), query, rarity, 1.0) == {"text turn": 1.0}


@pytest.mark.parametrize(
    ("texts", "share"),
    [
        (["Das Fahrrad ist in der Garage."], 1.0),
        (["Das Fahrrad ist in der Garage.", "La bici está en el garaje."], 0.0),
        (["Das Fahrrad ist weg."] * 3 + ["我的自行车在车库里。"], 0.5),
        (["我的自行车在车库里。"], 0.0),
        ([], 0.0),
    ],
)
def test_a_memory_is_in_the_language_of_a_question_as_far_as_most_of_it_is(
    texts: list[str], share: float
) -> None:
    hits = [Hit(one.record, 0.5) for text in texts for one in ranking(0.9, text=text)]
    assert share_in_tongue("Wo ist mein Fahrrad?", {"dense turn": hits}) == share


def test_of_ten_megabytes_the_beginning_is_searched_for_words() -> None:
    text = "kiln " + "rain " * 2_000_000 + "broke"
    query = read_query("kiln broke", None)
    [one] = judged(query, ranking(0.9, text=text), {}, SCALE, HEARD, 1)
    assert one.words == ("kiln",)

"""Of a long memory a prompt shows the sentences that hold what is asked, and marks the rest."""

from hypothesis import given
from hypothesis import strategies as st

from remem.recall.reading.excerpts import excerpt, part_of
from remem.store.fulltext.tokens import word_count

RAIN = [f"It rained on day {n} and nobody went out into the garden." for n in range(20)]
KEY = "The spare key lies under the third pot."
LONG = " ".join([*RAIN[:10], KEY, *RAIN[10:]])


def shown(text: str, asked: str, words: int = 30) -> str:
    return part_of(text, excerpt(text, asked, words))


def test_a_short_text_is_shown_whole() -> None:
    assert excerpt(KEY, "Where is the spare key?") is None
    assert part_of(KEY, None) == KEY


def test_the_sentences_that_hold_what_is_asked_are_shown_between_marks() -> None:
    part = shown(LONG, "Where is the spare key?")
    assert KEY in part
    assert part.startswith("[…] ")
    assert part.endswith(" […]")
    assert word_count(part) <= 30


def test_the_beginning_has_no_mark_in_front_of_it() -> None:
    part = shown(LONG, "What happened on day 0?")
    assert part.startswith("It rained on day 0")
    assert part.endswith(" […]")


def test_the_end_has_no_mark_behind_it() -> None:
    part = shown(LONG, "What happened on day 19?")
    assert part.startswith("[…] ")
    assert part.endswith("garden.")


def test_where_nothing_is_found_the_beginning_is_shown() -> None:
    assert shown(LONG, "Who married?").startswith("It rained on day 0")


def test_a_word_that_few_sentences_have_counts_for_more() -> None:
    assert KEY in shown(LONG, "Did it rain on the key?")


def test_text_without_spaces_has_sentences_too() -> None:
    text = (
        "今天下雨了，没有人出去。" * 20
        + "备用钥匙在第三个花盆下面。"
        + "今天下雨了，没有人出去。" * 20
    )
    assert "备用钥匙在第三个花盆下面。" in shown(text, "备用钥匙在哪里？")


def test_a_text_without_sentences_is_cut_in_pieces() -> None:
    part = shown("rain " * 500 + "key " + "rain " * 500, "Where is the key?")
    assert "key" in part
    assert len(part) < 400


TEXTS = st.lists(
    st.sampled_from(["Rain.", "key", "\n", " ", "?", "花盆。", "a" * 30, "```", "1."]), max_size=80
).map(" ".join)


@given(TEXTS, st.sampled_from(["key", "花盆", "Who?"]), st.integers(1, 40))
def test_an_excerpt_is_a_part_of_the_text_and_nothing_else(
    text: str, asked: str, words: int
) -> None:
    span = excerpt(text, asked, words)
    if span is not None:
        start, end = span
        assert 0 <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        assert part_of(text, span).removeprefix("[…] ").removesuffix(" […]") == text[start:end]

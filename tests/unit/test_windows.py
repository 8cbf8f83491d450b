"""A window is a record with as many neighbours as fit into a number of words."""

from remem.store import Record
from remem.views import line, window_texts


def turn(position: int, text: str, **fields: object) -> Record:
    return Record(key=f"s#{position}", source="s", position=position, text=text, **fields)  # type: ignore[arg-type]


def test_short_turns_get_their_neighbours() -> None:
    records = [turn(i, text) for i, text in enumerate(["one two", "three", "four five"])]
    assert window_texts(records, budget=5)["s#1"] == "one two\nthree\nfour five"


def test_a_long_turn_stands_alone() -> None:
    records = [turn(0, "one"), turn(1, "two three four five six"), turn(2, "seven")]
    assert window_texts(records, budget=5)["s#1"] == "two three four five six"


def test_neighbours_join_in_turns_and_the_earlier_one_first() -> None:
    records = [turn(i, "word") for i in range(5)]
    windows = window_texts(records, budget=2)
    assert [len(window.split("\n")) for window in windows.values()] == [2, 2, 2, 2, 2]
    assert window_texts([turn(0, "a"), turn(1, "b"), turn(2, "c")], budget=2)["s#1"] == "a\nb"


def test_a_neighbour_that_does_not_fit_ends_its_side_only() -> None:
    records = [turn(0, "one two three four"), turn(1, "five"), turn(2, "six"), turn(3, "seven")]
    assert window_texts(records, budget=3)["s#1"] == "five\nsix\nseven"


def test_no_window_reaches_further_than_its_reach() -> None:
    records = [turn(i, str(i)) for i in range(9)]
    assert window_texts(records, budget=100, reach=2)["s#4"] == "2\n3\n4\n5\n6"


def test_notes_have_no_neighbours() -> None:
    records = [turn(0, "one", kind="note"), turn(1, "two"), turn(2, "three")]
    windows = window_texts(records)
    assert windows["s#0"] == "one"
    assert windows["s#1"] == "two\nthree"


def test_two_chinese_characters_count_as_a_word() -> None:
    records = [turn(0, "今天天气很好"), turn(1, "是的")]
    assert window_texts(records, budget=4)["s#1"] == "今天天气很好\n是的"
    assert window_texts(records, budget=3)["s#1"] == "是的"


def test_a_neighbour_of_several_lines_stands_in_one() -> None:
    records = [turn(0, "tea,\nplease"), turn(1, "here")]
    assert window_texts(records) == dict.fromkeys(["s#0", "s#1"], "tea, please\nhere")


def test_a_record_alone_keeps_its_lines() -> None:
    assert window_texts([turn(0, "tea,\nplease")]) == {"s#0": "tea,\nplease"}


def test_a_line_says_who_said_it_or_where_it_stands() -> None:
    assert line(turn(0, "Hi", speaker="Ana")) == "Ana: Hi"
    assert line(turn(0, "Pay.", metadata={"headings": ["Lease", "Rent"]})) == "Lease > Rent: Pay."
    assert line(turn(0, "Hi")) == "Hi"

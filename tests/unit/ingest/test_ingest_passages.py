from hypothesis import given
from hypothesis import strategies as st

from remem.ingest import count_words, split_passages

LONGEST = 400  # of a block of code, which stays whole


def paragraph(words):
    return " ".join(["word"] * words)


def sentences(count, words=10):
    return " ".join(" ".join(["word"] * (words - 1)) + f" end{n}." for n in range(count))


MARKDOWN = st.lists(
    st.one_of(
        st.text(),
        st.sampled_from(
            ["# One", "## Two\n", "Title\n===", "---", "```", "~~~", "\n\n", "\r\n", " "]
        ),
        st.integers(1, 500).map(paragraph),
        st.integers(1, 60).map(sentences),
        st.text("漢字かな。、", max_size=900),
    ),
    max_size=12,
).map("\n".join)


@given(MARKDOWN)
def test_passages_are_pieces_of_the_document_in_order_and_nothing_is_lost(document):
    passages = list(split_passages(document))
    start = 0
    for passage in passages:
        start = document.index(passage.text, start) + len(passage.text)
    joined = "".join("".join(passage.text.split()) for passage in passages)
    assert joined == "".join(document.split())


@given(MARKDOWN)
def test_passages_are_neither_empty_nor_long(document):
    for passage in split_passages(document):
        assert passage.text.strip()
        assert count_words(passage.text) <= LONGEST


@given(MARKDOWN)
def test_a_document_given_line_by_line_has_the_same_passages(document):
    lines = document.replace("\r\n", "\n").replace("\r", "\n")
    by_line = [line + "\n" for line in lines.split("\n")]
    assert list(split_passages(by_line)) == list(split_passages(lines))


def test_paragraphs_are_joined_up_to_about_200_words_and_not_cut():
    document = "\n\n".join([paragraph(80)] * 5)
    texts = [passage.text for passage in split_passages(document)]
    assert texts == ["\n\n".join([paragraph(80)] * 2)] * 2 + [paragraph(80)]


def test_a_paragraph_that_is_too_long_is_cut_at_the_ends_of_sentences():
    passages = list(split_passages(sentences(50)))
    assert len(passages) == 3
    assert all(passage.text.endswith(".") for passage in passages)


def test_chinese_is_cut_at_its_full_stops():
    passages = list(split_passages("今天天气很好我们去公园。" * 100))
    assert len(passages) > 2
    assert all(passage.text.endswith("。") for passage in passages)


def test_a_word_without_end_is_cut_too():
    assert max(count_words(passage.text) for passage in split_passages("x" * 100_000)) <= 200


def test_passages_carry_the_path_of_their_headings():
    document = "Before.\n\n# A\n\na\n\n## B ##\n\nb\n\nC\n---\n\nc\n\n# C#\n\nd\n"
    assert [(passage.headings, passage.text) for passage in split_passages(document)] == [
        ((), "Before."),
        (("A",), "# A\n\na"),
        (("A", "B"), "## B ##\n\nb"),
        (("A", "C"), "C\n---\n\nc"),
        (("C#",), "# C#\n\nd"),
    ]


def test_headings_without_words_of_their_own_go_with_the_next():
    (passage,) = split_passages("# A\n\n## B\n\nb")
    assert passage.headings == ("A", "B")
    assert passage.text == "# A\n\n## B\n\nb"


def test_a_block_of_code_stays_whole_and_has_no_headings():
    code = "```sh\n# not a heading\n\n" + "run it now\n" * 100 + "```"
    passages = list(split_passages(f"# Use\n\n{paragraph(50)}\n\n{code}\n\nAfter."))
    assert [passage.headings for passage in passages] == [("Use",)] * len(passages)
    assert sum(code in passage.text for passage in passages) == 1


def test_two_characters_of_chinese_count_as_a_word():
    assert count_words("我们 go home") == 3


def test_an_empty_document_has_no_passages():
    assert list(split_passages(" \n\n ")) == []

"""The matter of a question, and whether the question is in English."""

import pytest

from remem.recall.reading.matter import is_english


@pytest.mark.parametrize(
    ("question", "english"),
    [
        ("Where does Ana keep the key?", True),
        ("Where does Álvaro keep the key?", True),
        ("Which café did we like?", True),
        ("Où est la clé ?", False),
        ("¿Dónde está la llave?", False),
        ("Где ключ?", False),
        ("钥匙在哪里？", False),
    ],
)
def test_a_name_with_an_accent_leaves_a_question_english(question: str, *, english: bool) -> None:
    assert is_english(question) is english

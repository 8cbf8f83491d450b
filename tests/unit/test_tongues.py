"""The language of a text."""

from __future__ import annotations

import pytest

from remem.recall.reading.tongues import TONGUES, tongue_of


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The kiln broke again, and Tom comes on Thursday.", "en"),
        ("Der Ofen ist wieder kaputt, und Tom kommt am Donnerstag.", "de"),
        ("El horno se rompió otra vez y Tom viene el jueves.", "es"),
        ("Le four est encore cassé, et Tom vient jeudi.", "fr"),
        ("Il forno si è rotto di nuovo e Tom viene giovedì.", "it"),
        ("O forno avariou outra vez e o Tom vem na quinta-feira.", "pt"),
        ("Печь снова сломалась.", "ru"),
        ("窑又坏了，Tom 星期四来。", "zh"),
        ("窯がまた壊れました。", "ja"),
        ("가마가 또 고장났어요.", "ko"),
        ("وصلت إلى عمّان أمس، والجو حار جداً.", "ar"),
        ("Call 李娜 about the tea garden on Thursday", "en"),
        ("Biscuit!", "en"),
        ("123 🎉", None),
        ("", None),
    ],
)
def test_a_text_tells_its_language(text: str, code: str | None) -> None:
    assert tongue_of(text) == code
    assert code is None or code in TONGUES

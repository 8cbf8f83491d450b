"""Words with which people tell that something is different now."""

from __future__ import annotations

import pytest

from remem.recall.reading import changes
from remem.recall.reading.changes import tells_of_change
from remem.recall.reading.states import languages

BY_NAME = {each.name: each for each in languages()}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The kiln is fired with gas these days."),
        ("en", "We don't glaze by hand any more."),
        ("de", "Der Ofen ist kaputt, wir brennen mit Gas."),
        ("de", "Das Treffen ist auf Dienstag verschoben."),
        ("fr", "Le four est parti à la casse."),
        ("fr", "Finalement on cuit au gaz."),
        ("es", "Cerraron el taller de la esquina."),
        ("es", "Ayer di de baja el gas."),
        ("pt", "Cancelei o gás."),
        ("pt", "O mestre se aposentou."),
        ("it", "Il corso è spostato al martedì."),
        ("ru", "Мы отменили газ."),
        ("zh", "窑炉改用煤气了"),
        ("zh", "会议推迟到周二"),
    ],
)
def test_these_tell_of_a_change(language: str, text: str) -> None:
    assert tells_of_change(text, BY_NAME[language])


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The kiln is fired with gas."),
        ("de", "Der Ofen brennt mit Gas."),
        ("fr", "Le four marche au gaz."),
        ("es", "El horno es de gas."),
        ("pt", "O forno é a gás."),
        ("it", "Il forno è a gas."),
        ("ru", "Печь на газе."),
        ("zh", "窑炉用的是煤气"),
    ],
)
def test_these_tell_how_things_are(language: str, text: str) -> None:
    assert not tells_of_change(text, BY_NAME[language])


def test_each_language_that_has_states_has_words() -> None:
    assert changes._CHANGED.keys() == BY_NAME.keys()

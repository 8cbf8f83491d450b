"""Expressions of time in German, French, Spanish, Portuguese, Italian and Russian questions.

All questions are asked on Thursday 30 May 2024 at 9:00 UTC.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem.recall.reading.dates import time_spans
from remem.recall.reading.dates.lexicon import LEXICONS
from remem.recall.reading.dates.locales import locale
from remem.recall.reading.languages import spoken, topic_of
from remem.recall.reading.question import read_query

NOW = datetime(2024, 5, 30, 9, tzinfo=timezone.utc)


def named(query: str) -> list[str]:
    """The days that a question names, the first and the last of each span."""
    return [
        f"{span.start:%Y-%m-%d} to {span.end - timedelta(seconds=1):%Y-%m-%d}"
        for span in time_spans(query, NOW)
    ]


@pytest.mark.parametrize(
    "query",
    [
        "Was habe ich am 3. Mai 2024 gesagt?",
        "Was war am Freitag, 3. Mai 2024?",
        "Wie weit bin ich am 3. Mai gelaufen?",
        "Was war am 3.5.2024?",
        "Qu'est-ce que j'ai dit le 3 mai 2024 ?",
        "¿Qué dije el 3 de mayo de 2024?",
        "¿Cuánto corrí el 3 de mayo?",
        "¿Qué pasó el 03/05/2024?",
        "Quanto corri no dia 3 de maio de 2024?",
        "Cosa ho detto il 3 maggio 2024?",
        "Quanto ho corso il 3 mag. 2024?",
        "Что я сказал 3 мая 2024 года?",
        "Что было 3 мая?",
    ],
)
def test_a_date_is_the_day_that_it_names(query: str) -> None:
    assert named(query) == ["2024-05-03 to 2024-05-03"]


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("Was habe ich gestern gemacht?", "2024-05-29", "2024-05-29"),
        ("Was war vorgestern los?", "2024-05-28", "2024-05-28"),
        ("Qu'ai-je fait hier ?", "2024-05-29", "2024-05-29"),
        ("Qu’avons-nous mangé avant-hier ?", "2024-05-28", "2024-05-28"),
        ("¿Qué hice ayer?", "2024-05-29", "2024-05-29"),
        ("¿Qué hice anteayer?", "2024-05-28", "2024-05-28"),
        ("Que fiz ontem?", "2024-05-29", "2024-05-29"),
        ("Cosa ho fatto l'altro ieri?", "2024-05-28", "2024-05-28"),
        ("Что я делал вчера?", "2024-05-29", "2024-05-29"),
        ("Was war letzte Woche?", "2024-05-20", "2024-05-26"),
        ("Was haben wir vergangene Woche besprochen?", "2024-05-20", "2024-05-26"),
        ("Qui ai-je vu la semaine dernière ?", "2024-05-20", "2024-05-26"),
        ("Qui ai-je vu la semaine derniere ?", "2024-05-20", "2024-05-26"),
        ("¿A quién vi la última semana?", "2024-05-20", "2024-05-26"),
        ("Chi ho visto la settimana scorsa?", "2024-05-20", "2024-05-26"),
        ("Кого я видел на прошлой неделе?", "2024-05-20", "2024-05-26"),
        ("Quem vi no mês passado?", "2024-04-01", "2024-04-30"),
        ("Où étions-nous l’année dernière ?", "2023-01-01", "2023-12-31"),
        ("Was habe ich letzten Dienstag gesagt?", "2024-05-28", "2024-05-28"),
        ("¿Qué dije el martes pasado?", "2024-05-28", "2024-05-28"),
        ("O que eu disse na terça-feira passada?", "2024-05-28", "2024-05-28"),
        ("Что я сказал в прошлый вторник?", "2024-05-28", "2024-05-28"),
        ("Wann war ich letzten März beim Arzt?", "2024-03-01", "2024-03-31"),
        ("Où étais-je en mars dernier ?", "2024-03-01", "2024-03-31"),
        ("Что было в марте?", "2024-03-01", "2024-03-31"),
        ("Was war im Mai 2023?", "2023-05-01", "2023-05-31"),
        ("¿Dónde estaba en mayo de 2023?", "2023-05-01", "2023-05-31"),
        ("Где я жил в 2023 году?", "2023-01-01", "2023-12-31"),
        ("Où étions-nous il y a deux ans ?", "2021-11-29", "2022-11-28"),
        ("Wer rief vor drei Wochen an?", "2024-05-06", "2024-05-12"),
        ("¿Quién llamó hace dos días?", "2024-05-28", "2024-05-28"),
        ("¿Quién llamó dos días atrás?", "2024-05-28", "2024-05-28"),
        ("Quem ligou há dois dias?", "2024-05-28", "2024-05-28"),
        ("Chi ha chiamato due giorni fa?", "2024-05-28", "2024-05-28"),
        ("Кто звонил два дня назад?", "2024-05-28", "2024-05-28"),
        ("Wo war ich seit letzter Woche?", "2024-05-20", "2024-05-30"),
        ("Was geschah zwischen dem 3. Mai und dem 5. Mai?", "2024-05-03", "2024-05-05"),
        ("Was geschah vom 3. bis 5. Mai?", "2024-05-03", "2024-05-05"),
        ("Was habe ich in den letzten drei Tagen gegessen?", "2024-05-27", "2024-05-30"),
    ],
)
def test_a_time_is_the_days_that_it_means(query: str, first: str, last: str) -> None:
    assert named(query) == [f"{first} to {last}"]


@pytest.mark.parametrize(
    "query",
    [
        "Is there life on Mars?",
        "Who struck 3 out of 5?",
        "Did the set have 3 mar?",
        "Wie heißt mein Hund?",
        "¿Cómo se llama mi perro?",
        "Où est la clé ?",
        "Dov'è la chiave?",
        "Onde está a chave?",
        "Где ключ от дома моей мамы?",
        "Wer hat mir zuletzt geholfen?",
        "Was war in der letzten Stunde, und was in dieser Minute?",
        "¿Qué pasó en la última hora?",
    ],
)
def test_other_words_name_no_time(query: str) -> None:
    assert named(query) == []


def test_digits_are_a_month_and_a_day_in_english_and_the_reverse_elsewhere() -> None:
    assert named("What did I say on 04/03/2024?") == ["2024-04-03 to 2024-04-03"]
    assert named("Was habe ich am 04/03/2024 gesagt?") == ["2024-03-04 to 2024-03-04"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What did I do?", "en"),
        ("Was habe ich gemacht?", "de"),
        ("Qu'est-ce que j'ai fait ?", "fr"),
        ("¿Qué es lo que hice?", "es"),
        ("O que é que eu fiz?", "pt"),
        ("Che cosa ho fatto?", "it"),
        ("Что я делал?", "ru"),
    ],
)
def test_a_question_may_be_in_the_language_of_its_commonest_words(text: str, language: str) -> None:
    likely = spoken(text)
    assert likely.index(language) <= likely.index("en")


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("Wo liegt der Schlüssel für die Garage?", ["liegt", "schlussel", "garag"]),
        ("¿Dónde está la llave del garaje?", ["llave", "garaj"]),
        ("Où est la clé du garage ?", ["cle", "garag"]),
        ("Где лежит ключ от гаража?", ["лежит", "ключ", "гаража"]),
    ],
)
def test_the_common_words_of_a_question_are_not_looked_for(question: str, topic: list[str]) -> None:
    assert list(read_query(question, None).tokens) == topic


@pytest.mark.parametrize(
    "title", ["Soy & Breast Cancer", "Wart viruses in food", "Don't eat sprouts"]
)
def test_an_english_title_keeps_its_words(title: str) -> None:
    assert topic_of(title) == title


def test_a_question_of_common_words_keeps_them() -> None:
    assert topic_of("Wer bist du?") == "Wer bist du?"


@given(st.sampled_from(sorted(LEXICONS)), st.text(max_size=40))
def test_no_text_is_an_error(language: str, text: str) -> None:
    list(locale(language).scan(text, NOW.replace(tzinfo=None)))
    time_spans(text, NOW)


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("我第一次去看牙医是什么时候？", ["我", "去看", "看牙", "牙医"]),
        ("我去滑雪了多少次？", ["我去", "去滑", "滑雪", "雪了"]),
    ],
)
def test_words_for_an_occasion_are_not_looked_for_in_chinese(
    question: str, topic: list[str]
) -> None:
    assert list(read_query(question, None).tokens) == topic

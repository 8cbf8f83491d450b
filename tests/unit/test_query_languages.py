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
    "query",
    [
        "Wo habe ich im Frühling 2023 gewohnt?",
        "Où est-ce que j'habitais au printemps 2023 ?",
        "¿Dónde vivía en la primavera de 2023?",
        "¿Dónde vivía en primavera del año pasado?",
        "Dove vivevo nella primavera del 2023?",
        "Dove vivevo nella primavera dell'anno scorso?",
        "Где я жил весной 2023 года?",
        "Где я жил весной прошлого года?",
    ],
)
def test_a_season_of_a_year_is_three_months(query: str) -> None:
    assert named(query) == ["2023-03-01 to 2023-05-31"]


@pytest.mark.parametrize(
    "query",
    [
        "Wo war ich letzten Sommer?",
        "Wo war ich im Sommer letzten Jahres?",
        "Où étais-je l'été dernier ?",
        "Où étais-je cet été ?",
        "¿Dónde estuve el verano pasado?",
        "Dove ero l'estate scorsa?",
        "Где я был прошлым летом?",
    ],
)
def test_the_last_season_is_one_that_is_over(query: str) -> None:
    assert named(query) == ["2023-06-01 to 2023-08-31"]


@pytest.mark.parametrize(
    "query",
    [
        "Dürfen Winterreifen im Sommer aufs Auto?",
        "J'ai été malade ?",
        "Il a été fait à Mirecourt ?",
        "Quand la commande a-t-elle été passée ?",
        "¿Qué le regalé a Julio?",
        "Was war Anfang der 2000er?",
        "Wie viele Katzen hat Herr Winter?",
        "¿Qué presión llevan los neumáticos de invierno?",
        "Onde ficam os pneus de inverno?",
    ],
)
def test_what_looks_like_a_time_names_none(query: str) -> None:
    assert named(query) == []


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("Wo habe ich Anfang 2023 gewohnt?", "2023-01-01", "2023-05-02"),
        ("Où est-ce que j'habitais début 2023 ?", "2023-01-01", "2023-05-02"),
        ("¿Dónde vivía a principios de 2023?", "2023-01-01", "2023-05-02"),
        ("Onde eu morava no início do ano passado?", "2023-01-01", "2023-05-02"),
        ("Dove vivevo all'inizio dell'anno scorso?", "2023-01-01", "2023-05-02"),
        ("Где я жил в начале 2023 года?", "2023-01-01", "2023-05-02"),
        ("Was war Mitte Mai?", "2024-05-11", "2024-05-21"),
        ("Où étais-je mi-mai ?", "2024-05-11", "2024-05-21"),
        ("¿Dónde estaba a mediados de mayo?", "2024-05-11", "2024-05-21"),
        ("Onde eu estava em meados de maio?", "2024-05-11", "2024-05-21"),
        ("Dove ero a metà maggio?", "2024-05-11", "2024-05-21"),
        ("Где я был в середине мая?", "2024-05-11", "2024-05-21"),
        ("Wo war ich Ende letzten Jahres?", "2023-09-01", "2023-12-31"),
        ("Où étais-je à la fin de l'année dernière ?", "2023-09-01", "2023-12-31"),
        ("¿Dónde estaba a finales de 2023?", "2023-09-01", "2023-12-31"),
        ("Onde eu estava no final de 2023?", "2023-09-01", "2023-12-31"),
        ("Dove ero alla fine del 2023?", "2023-09-01", "2023-12-31"),
        ("Где я был в конце прошлого года?", "2023-09-01", "2023-12-31"),
        ("Wo war ich Anfang des Jahres?", "2024-01-01", "2024-05-01"),
        ("Où étais-je au début de l'année ?", "2024-01-01", "2024-05-01"),
        ("¿Qué hice a principios de año?", "2024-01-01", "2024-05-01"),
        ("Wo war ich von Anfang 2022 bis Ende 2023?", "2022-01-01", "2023-12-31"),
        ("¿Dónde viví desde finales de 2022 hasta mayo de 2023?", "2022-09-01", "2023-05-31"),
        ("Was hat Frau Sommer letzte Woche gesagt?", "2024-05-20", "2024-05-26"),
        ("Wo wohnte Frau Sommer von 2020 bis 2022?", "2020-01-01", "2022-12-31"),
        ("Où ai-je été de 2020 à 2022 ?", "2020-01-01", "2022-12-31"),
        ("Was habe ich seit Ende März gemacht?", "2024-03-21", "2024-05-30"),
        ("Wo habe ich im Q3 2023 gearbeitet?", "2023-07-01", "2023-09-30"),
    ],
)
def test_parts_of_times_and_ranges_of_them(query: str, first: str, last: str) -> None:
    assert named(query) == [f"{first} to {last}"]


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
    ("text", "language"),
    [
        ("What's Fiona's mobile number?", "en"),
        ("¿Qué número calzo?", "es"),
        ("Que collectionne Margot ?", "fr"),
        ("Do I own a car ?", "en"),
        ("Is São Paulo nice?", "en"),
        ("Did we see Les Mis?", "en"),
        ("Il habite à Lyon ?", "fr"),
        ("Welches Futter bekommt Mia?", "de"),
        ("O que Bianca coleciona?", "pt"),
        ("Que dieta eu tô fazendo?", "pt"),
        ("Quando è il mio compleanno?", "it"),
    ],
)
def test_of_languages_with_as_many_common_words_its_marks_tell(text: str, language: str) -> None:
    assert spoken(text)[0] == language


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

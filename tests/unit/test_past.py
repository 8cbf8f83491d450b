"""Questions about how things were, told from those about how they are."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from remem.recall.reading import past
from remem.recall.reading.past import (
    asks_for_earlier,
    asks_for_now,
    asks_how_things_were,
    asks_what_was,
)
from remem.recall.reading.question import read_query
from remem.recall.reading.states import languages


@pytest.mark.parametrize(
    "question",
    [
        "Where did I live first?",
        "Who was my previous boss?",
        "Wo habe ich zuerst gewohnt?",
        "Wer war mein früherer Chef?",
        "Wie hat sich meine Miete verändert?",
        "Où est-ce que j'habitais avant ?",
        "Quel était mon premier emploi ?",
        "¿Dónde viví primero?",
        "¿Cómo ha cambiado mi alquiler?",
        "Onde eu morava antes?",
        "Dove abitavo prima?",
        "Где я жил раньше?",
        "我最早住在哪里？",
        "我以前的老板是谁？",
        "我曾經住在哪裡？",
        "Vorherige Adresse?",
        "Where did I live before moving to 上海?",
    ],
)
def test_these_ask_for_what_was_before(question: str) -> None:
    assert asks_for_earlier(question)


@pytest.mark.parametrize(
    "question",
    [
        "Where do I live?",
        "Wo wohne ich?",
        "Où est-ce que j'habite ?",
        "¿Dónde vive mi prima?",
        "¿A qué hora como?",
        "Onde eu moro?",
        "Dove abito?",
        "Где я живу?",
        "我住在哪里？",
        "What is my first name?",
        "Wie oft gehe ich ins Fitnessstudio?",
        "¿Con quién comparto piso?",
        "¿Cuál es mi primer apellido?",
        "Quantas vezes por semana treino?",
        "A che ora faccio la prima colazione?",
        "Где я до сих пор работаю?",
        "Я все еще живу в Москве?",
        "我女儿在第一中学上学吗？",
        "从我家到公司怎么过去？",
    ],
)
def test_these_do_not(question: str) -> None:
    assert not asks_for_earlier(question)


@pytest.mark.parametrize(
    "question",
    [
        "Where did I go?",
        "Wo war ich?",
        "Wie hieß mein erster Hund?",
        "Wer wohnte unter uns?",
        "Wer hat mir die Lampe geschenkt?",
        "Wo hab ich die Lampe versteckt?",
        "Wohin ist mein Bruder gezogen?",
        "Où étais-je ?",
        "Comment s'appelait mon premier chien ?",
        "Qui a-t-on vu au concert ?",
        "Où est-ce que j'ai connu Paul ?",
        "Où est née ma mère ?",
        "¿Dónde estuve?",
        "¿Dónde guardé la lámpara?",
        "¿Dónde conocí a Pablo?",
        "¿Qué he comprado?",
        "Onde estive?",
        "Onde eu guardei a lâmpada?",
        "De onde veio meu avô?",
        "Onde nasceu minha mãe?",
        "¿Dónde vivía?",
        "Dove ero?",
        "Cosa ho comprato?",
        "Где я был?",
        "Где родилась моя мать?",
        "我和他是在哪儿认识的？",
        "这盏灯是谁送的？",
        "我小时候养什么？",
        "我那次马拉松跑了多久？",
    ],
)
def test_the_verb_or_the_time_tells_what_was(question: str) -> None:
    assert asks_what_was(question)


@pytest.mark.parametrize(
    "question",
    [
        "Do I still live here?",
        "Who do I work for these days?",
        "What is my rent at the moment?",
        "Wo wohne ich jetzt?",
        "Bei wem arbeite ich zurzeit?",
        "Quel livre je lis en ce moment ?",
        "¿Dónde trabajo hoy en día?",
        "Onde eu trabalho no momento?",
        "Dove vivo in questo momento?",
        "Где я живу в данный момент?",
        "我现在住哪里？",
        "我如今在哪里上班？",
    ],
)
def test_the_present_is_named(question: str) -> None:
    assert asks_for_now(question)


@pytest.mark.parametrize("words", [past._EARLIER, past._NOW])
def test_each_language_that_has_states_has_words(words: dict[str, object]) -> None:
    assert words.keys() == {each.name for each in languages()}


@pytest.mark.parametrize(
    "question",
    [
        "Where do I train?",
        "Em que academia eu treino?",
        "¿En qué compañía tengo el seguro?",
        "Dove lavo la macchina?",
        "Wo arbeite ich?",
        "Bei wem miete ich die Garage?",
        "Was möchte ich lernen?",
        "Wie lautet mein Kennwort?",
        "Welchen Tarif habe ich gebucht?",
        "Wo ist der Schlüssel versteckt?",
        "Quelle voiture a mon mari ?",
        "Où suis-je assuré ?",
        "¿A qué hora llega el bebé aquí?",
        "¿Cuándo viajaré?",
        "Em que museu trabalha o meu tio?",
        "Quando viajarei?",
        "Где моя школа?",
        "我的车是什么颜色的？",
        "这个包是谁的？",
        "我是做什么的？",
        "我的生日怎么过？",
        "Was bedeutet mein Name?",
        "Wer unterrichtet Mia?",
        "Wer heute kocht?",
        "Welche Hobbys haben meine Verwandten?",
        "Was habe ich alles versichert?",
        "Y a-t-il un parking chez moi ?",
        "Quel âge a-t-elle ?",
        "Quel âge a Julie ?",
        "Est-ce que j'ai un concert samedi ?",
        "¿A qué hora tendré clase?",
        "¿Cuándo podré viajar?",
        "¿Quién es mi vecino iraní?",
        "Onde jogo vôlei?",
        "Qual é o meu passaporte europeu?",
        "Dove ho adesso il conto?",
        "Che appuntamenti ho sabato?",
        "Quanti anni ha Renato?",
        "我朋友是哪个大学的？",
        "周末和谁过？",
        "下周三那天我有什么事？",
    ],
)
def test_what_only_looks_like_a_past_verb_tells_nothing(question: str) -> None:
    assert not asks_what_was(question)


def test_a_message_is_read_at_its_end_where_it_asks() -> None:
    assert asks_what_was("hat " * 1000 + "gegege" * 1000 + " Wo war ich?")
    assert not asks_what_was("Wo war ich? " + "Es regnet wieder. " * 100)


NOW = datetime(2026, 5, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "question",
    [
        "Where was I living in May 2024?",
        "What phone did I have at the end of 2024?",
        "Where did we live in the summer of 2024?",
        "Which day was my pub quiz in May 2024?",
        "Wo habe ich im Mai 2024 gewohnt?",
        "Wer war im Mai 2024 mein Chef?",
        "Où est-ce que j'habitais au printemps 2024 ?",
        "Je lisais quoi en mai 2024 ?",
        "¿Dónde trabajaba en mayo de 2024?",
        "¿Qué comía la gata a finales de 2024?",
        "Que carro eu tinha em maio de 2024?",
        "Dove abitavo nell'estate del 2024?",
        "Где я жил весной 2024 года?",
        "2024年5月我住在哪里？",
        "2024年5月我吃的是什么过敏药？",
    ],
)
def test_these_ask_how_things_were_for_some_time(question: str) -> None:
    assert asks_how_things_were(read_query(question, NOW))


@pytest.mark.parametrize(
    "question",
    [
        "Where was I on 3 May 2024?",
        "Where was I living then?",
        "What did I buy in May 2024?",
        "When was my dentist appointment in May 2024?",
        "Who was hurt on the hiking trip in May 2024?",
        "Which flights were cancelled in May 2024?",
        "Was war im Mai 2024 los?",
        "Wann war ich im Mai 2024 beim Zahnarzt?",
        "Quand était le concert en mai 2024 ?",
        "Qu'est-ce qui s'est passé à Calais en mai 2024 ?",
        "Quem foi a Bratislava em maio de 2024?",
        "Когда был концерт в мае 2024 года?",
        "2024年5月谁生病？",
        "Which film did we see in May 2024?",
        "Where do I want to go in 2026?",
        "Was habe ich im Mai 2024 gekauft?",
        "Qu'est-ce que j'ai acheté en mai 2024 ?",
        "Où aimerais-je aller en mai 2026 ?",
        "Qu'a fait l'Anglais en mai 2024 ?",
        "¿Qué compré en mayo de 2024?",
        "¿A qué tía visité en mayo de 2024?",
        "O que eu comprei em maio de 2024?",
        "Che cosa ho comprato a maggio 2024?",
        "Что я купил в мае 2024 года?",
        "2024年5月我去哪里旅游了？",
        "2024年5月发生什么？",
    ],
)
def test_these_ask_what_happened_or_name_no_long_time(question: str) -> None:
    assert not asks_how_things_were(read_query(question, NOW))

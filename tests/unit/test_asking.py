"""A message asks with a question mark or without; what only looks like a question does not."""

from __future__ import annotations

import pytest

from remem.recall.asking import as_marked, is_question, seems_to_ask


@pytest.mark.parametrize(
    "text",
    [
        "where do I live now",
        "what happened on 3 January",
        "¿conté algo el 24 de julio",
        "unter welcher Nummer bin ich zu erreichen",
        "wovon bekomme ich Migräne",
        "combien je paie par mois",
        "que collectionne Margot",
        "o que Bianca coleciona",
        "onde eu morava em dezembro",
        "我爸爸多高",
        "ok where do I live",
        "what's my rent",
        "whats my rent",
        "who cleans our house",
        "who is my dentist",
        "which dentist do I go to",
        "how much rent do I pay",
        "what car do I drive",
        "what did I say about the garden",
        "is there anything on my calendar tomorrow",
        "do I have a dog",
        "have I ever been to Faro",
        "tell me where I live",
        "remind me what my wifi password is",
        "hey, when is my exam",
        "At which gym do I train",
        "how old is my cat",
        "what time is the team meeting",
        "I forgot. what's my pin",
        "what's the name of my boss again",
        "where does my sister work",
        "how do I get to work",
        "how often did I go running",
        "when did I last see Ana",
        "who was my landlord in March 2024",
        "wo wohne ich",
        "wie heisst mein chef",
        "was zahle ich an miete",
        "bei welcher bank bin ich",
        "wann ist meine prüfung",
        "wie oft war ich beim zahnarzt",
        "welches auto fahre ich",
        "wo habe ich im mai gewohnt",
        "où j'habite",
        "j'habite où",
        "c'est quoi mon digicode",
        "comment s'appelle mon chien",
        "quel est mon médecin",
        "je paie combien",
        "où est-ce que je travaille",
        "dans quelle ville j'habite",
        "donde vivo ahora",
        "cual es mi telefono",
        "cómo se llama mi perro",
        "qué coche tengo",
        "a qué hora me acuesto",
        "cuánto pago de alquiler",
        "en qué banco estoy",
        "onde eu moro",
        "onde moro agora",
        "qual é o meu email",
        "como se chama o meu cão",
        "que carro eu tenho",
        "quanto pago de renda",
        "dove abito",
        "come si chiama il mio cane",
        "где я живу",
        "как зовут мою собаку",
        "我现在住在哪里",
        "我老板是谁",
        "我的房租是多少",
        "我的狗叫什么名字",
    ],
)
def test_a_question_needs_no_mark(text: str) -> None:
    assert is_question(text)
    assert is_question(f"{text}?")


@pytest.mark.parametrize(
    "text",
    [
        "When I get home I'll call",
        "Could you make this sound friendlier: send me the list by Friday.",
        "Quem dirige a minha equipe é o senhor Costa.",
        "quem dirige a minha equipe é o senhor Costa",
        "quien dirige mi equipo es doña Elena",
        "Perdí la cartera en un taxi, qué rabia.",
        "Where I live it rains",
        "What a day",
        "How funny",
        "Was at the dentist today.",
        "Did my induction at Iron Barn today",
        "Can't wait",
        "Has been raining all week",
        "Have a nice day",
        "I moved to Bristol",
        "What I need is sleep",
        "Who knows",
        "The doctor is nice",
        "my rent is 900",
        "Is ok",
        "Could be worse",
        "Will do",
        "write a poem about rain",
        "thanks so much",
        "So I quit today.",
        "Ok, the rent is 900 now",
        "Now I have a dog",
        "Again the bus was late",
        "I wonder what to eat",
        "Could do with a holiday",
        "How I hate mondays",
        "Wo ich wohne, regnet es",
        "Was für ein Tag",
        "Wie gesagt, alles gut",
        "Ich wohne in Graz",
        "Habe gekündigt",
        "War heute beim Zahnarzt",
        "Quand je rentre, je mange",
        "Quel dommage",
        "j'habite à Nantes",
        "Vendu le vélo",
        "Cuando llegué a casa llovía",
        "qué bien",
        "qué calor",
        "vivo en Burgos",
        "Como todos los días en casa Lolo",
        "Como en Casa Lolo",
        "Quando eu era pequeno",
        "como sempre",
        "moro em Campinas",
        "Como sempre no mesmo lugar",
        "我什么都没吃",
        "我住在成都",
        "昨天几个朋友来了",
        "搬到成都了",
    ],
)
def test_a_statement_with_a_word_that_asks_is_none(text: str) -> None:
    assert not is_question(text)


@pytest.mark.parametrize(
    "text",
    [
        "for i in range(10): print(i)",
        "if (is_open) { return what; }",
        "do i = 1, 10",
        "INFO 12:01:07 worker[3]: is the queue empty: true",
        "",
    ],
)
def test_code_and_logs_ask_nothing(text: str) -> None:
    assert not is_question(text)


def test_the_last_line_counts() -> None:
    assert is_question("I moved again.\nwhere do I live now")
    assert not is_question("where do I live now\nI moved again.")


def test_a_long_line_tells_something() -> None:
    assert not is_question("where do I live now " + "and then we went home " * 20)


def test_a_request_wants_an_answer_and_is_no_question() -> None:
    assert seems_to_ask("list my medicines")
    assert not is_question("list my medicines")
    assert seems_to_ask("where do I live now")
    assert not seems_to_ask("I live in Faro now")


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("where do I live now ", "where do I live now?"),
        ("我老板是谁", "我老板是谁？"),
        ("Where do I live?", "Where do I live?"),
        ("I live in Faro.", "I live in Faro."),
    ],
)
def test_a_question_is_given_its_mark_and_nothing_else_is(text: str, marked: str) -> None:
    assert as_marked(text) == marked

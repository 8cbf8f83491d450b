"""A message asks with a question mark or without; what only looks like a question does not."""

from __future__ import annotations

import pytest

from remem.recall.reading.asking import (
    as_marked,
    is_question,
    questions,
    seems_to_ask,
    without_opening,
)


@pytest.mark.parametrize(
    "text",
    [
        "where do I live now",
        "how many hours from Knoxville to Joplin if I don't stop",
        "are gyms always rammed in january or is it just round here",
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
        "I now live in Porto, where it rains",
        "My boss is Dr Falk, who has a dog",
        "My rent is 950 now, can you believe it",
        "What happened is that I lost it",
        "what bothers me is the noise",
        "what Ana said is true",
        "Ich wohne jetzt in Graz, wo die Miete niedrig ist",
        "Was mich nervt, ist der Bus",
        "Mon chef est Paul, qui vient de Lyon",
        "dis donc, quelle chance",
        "Ahora vivo en Oporto, donde hace frío",
        "qué rabia",
        "Meu chefe é o Rui, que tem um cão",
        "Adesso vivo a Roma, dove fa caldo",
        "Я знаю, что Анна живёт в Москве",
        "我住在波尔图，那里什么都贵",
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


@pytest.mark.parametrize("end", ["?!", "? :)", "?😊", "?…", "?**", "??", '?")'])
def test_what_stands_behind_the_mark_changes_nothing(end: str) -> None:
    assert is_question(f"I moved there{end}")


@pytest.mark.parametrize(
    ("question", "bare"),
    [
        ("ok, where do I live", "where do I live"),
        ("And when does the lease begin?", "when does the lease begin?"),
        ("When does the lease begin?", "When does the lease begin?"),
        ("ok", "ok"),
    ],
)
def test_what_is_said_before_a_question_is_left_out(question: str, bare: str) -> None:
    assert without_opening(question) == bare


def test_the_last_line_counts() -> None:
    assert is_question("I moved again.\nwhere do I live now")
    assert not is_question("where do I live now\nI moved again.")


def test_a_long_line_tells_something() -> None:
    assert not is_question("where do I live now " + "and then we went home " * 20)


@pytest.mark.parametrize(
    "text",
    [
        "list my medicines",
        "please tell me about Ravi",
        "find the lease",
        "summarize yesterday",
        "zeig mir meine Adresse",
        "Rappelle-moi mon adresse",
        "Recuérdame mi dirección",
        "напомни мой адрес",
        "告诉我我的地址",
    ],
)
def test_a_request_wants_an_answer_and_is_no_question(text: str) -> None:
    assert seems_to_ask(text)
    assert not is_question(text)


@pytest.mark.parametrize(
    "text",
    [
        "Name: Bob",
        "List price 900",
        "Find attached the lease",
        "Show time is at eight",
        "name tags are in the drawer",
    ],
)
def test_a_verb_of_requests_alone_asks_for_nothing(text: str) -> None:
    assert not seems_to_ask(text)


def test_a_question_wants_an_answer() -> None:
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


def test_the_questions_of_a_message_are_its_sentences_that_ask() -> None:
    message = "My feet hurt. When is the dentist? Bring milk! 另外，钥匙在哪里？"
    assert questions(message) == ["When is the dentist?", "另外，钥匙在哪里？"]
    assert questions("Nothing to ask.") == []
    assert questions("where do I live\nwhat's my rent") == ["where do I live", "what's my rent"]

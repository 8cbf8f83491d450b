"""Claims: people say how things are with them in many ways, and of much else in the same words."""

from __future__ import annotations

import pytest

from remem.recall.reading.claims import asked_states, claims
from remem.recall.reading.states import languages


def claimed(text: str) -> dict[str, set[str]]:
    """The claims of a text: state -> the words of its value."""
    return {claim.about: set(claim.value) for claim in claims(text)}


@pytest.mark.parametrize(
    ("text", "state"),
    [
        # the value first
        ("Aarhus is where we live these days.", "home"),
        ("Kestrel Dental does my teeth now.", "dentist"),
        ("Fjordline has hired me!", "employer"),
        ("Ottilie cuts my hair now.", "hairdresser"),
        ("Ms Okoro teaches me now.", "teacher"),
        ("Bramble, our tomcat, hates the rain.", "cat"),
        ("Doctor Quist looks after me now.", "doctor"),
        ("Norbank is my bank now.", "bank"),
        ("Ragna and I are a couple, can you believe it.", "partner"),
        # no subject
        ("Back to 77 kilos!", "weight"),
        ("Registered with Dr Quist on Monday.", "doctor"),
        ("Moved to Aarhus, boxes up to the ceiling.", "home"),
        ("New boss: Ingrid.", "boss"),
        ("Decided to go vegetarian.", "diet"),
        # beside the words of a state
        ("The old gym shut down, so it's Ironworks now.", "gym"),
        ("I've changed dentists, it's Mr Falk now.", "dentist"),
        ("My hairdresser retired, I go to Ottilie now.", "hairdresser"),
        ("The puppy has arrived. Her name is Pippa.", "dog"),
        # the value alone tells
        ("From now on it's kay@heron.example.", "email"),
        ("We have a Volvo, a rusty one.", "car"),
        ("I'm head of logistics now.", "title"),
        ("Night two in Aarhus, still no furniture.", "home"),
        # by the speaker's relatives
        ("Our boy started at Hilltop School today.", "school of son"),
        ("New school for our girl: Larchwood.", "school of daughter"),
        # other languages
        ("Ich trainiere jetzt im Kraftraum Nord.", "gym"),
        ("Zur Abteilungsleiterin befördert, ab Montag geht es los.", "title"),
        ("Runter auf 74 Kilo.", "weight"),
        ("Seit Mai esse ich vegetarisch.", "diet"),
        ("Unsere Tochter besucht jetzt die Bergschule.", "school of daughter"),
        ("Ottilie schneidet mir jetzt die Haare.", "hairdresser"),
        ("Brest, c'est chez nous maintenant.", "home"),
        ("J'ai changé de dentiste, c'est Madame Falk maintenant.", "dentist"),
        ("La balance affiche 74 kilos.", "weight"),
        ("Je suis devenue végétarienne.", "diet"),
        ("On a inscrit notre fils à Jean-Macé.", "school of son"),
        ("Toledo es nuestra casa ahora.", "home"),
        ("Me han ascendido a jefa de compras.", "title"),
        ("He bajado a 74 kilos.", "weight"),
        ("Desde hoy como vegetariano.", "diet"),
        ("Ana y yo estamos juntos.", "partner"),
        ("Setúbal é a nossa casa agora.", "home"),
        ("Fui promovida a gerente.", "title"),
        ("A balança marca 74 quilos.", "weight"),
        ("Quem me corta o cabelo agora é a Otília.", "hairdresser"),
        ("O nosso filho anda na escola Monte Claro.", "school of son"),
        ("我们在大连安家了。", "home"),
        ("我升为部门经理了。", "title"),
        ("瘦到74公斤了。", "weight"),
        ("从今天起我只吃素食。", "diet"),
        ("周医生是我的新医生。", "doctor"),
        ("Il mio nuovo dentista è la dottoressa Galli.", "dentist"),
        ("Sono sceso a 74 chili.", "weight"),
        ("Ольга — мой новый парикмахер.", "hairdresser"),
        ("儿子转学到东风小学了。", "school of son"),
    ],
)
def test_a_state_is_recognised_in_the_words_of_many(text: str, state: str) -> None:
    assert state in claimed(text)


@pytest.mark.parametrize(
    "text",
    [
        "My cousin lives in Aarhus.",
        "Tove has moved to Aarhus.",
        "Day three in Rome, the queues are endless.",
        "I'd love to live in Aarhus.",
        "I bought 3 kg of flour.",
        "14 kg of pears from our neighbour.",
        "Tove and Ragna are together now.",
        "We saw a puppy called Pippa at the fair.",
        "I walked past Salon Ottilie.",
        "I got a mail from kay@heron.example.",
        "My boss's email is kay@heron.example.",
        "I was with Ragna at the pool.",
        "I want to become head of logistics.",
        "I test-drove a Volvo.",
        "Went to the gym with Tove.",
        "Signed up with Tove for the quiz.",
        "Tove is on a vegan diet.",
        "First day at Fjordline for my brother.",
        "Seeing Tove in person was lovely.",
        "In Aarhus, my boss called twice.",
        "Ingrid is my boss's sister.",
        "I left the bank, and Tove waited outside.",
        "Tove has taken me home after work.",
        "I have a golf lesson at four.",
        "Up to 23 kilos of luggage are free.",
        "I eat vegan burgers sometimes.",
        "Tove and I are together on this project.",
        "We found a nice place in Aarhus for dinner.",
        "I need a haircut before we go to Rome.",
        "My tooth hurts, but I go to Rome tomorrow.",
        "I work with Tove on the report.",
        "Meine Eltern leben in Kiel.",
        "Ich fahre morgen nach Kiel.",
        "Tove wurde zur Abteilungsleiterin befördert.",
        "Die Nummer meiner Tante ist 0431 555012.",
        "Ich wohne bei Tove.",
        "Ich arbeite mit Tove.",
        "Meine Tochter ist in Kiel.",
        "Tove und ich sind zusammen ins Kino gegangen.",
        "Ich habe einen Golf gesehen.",
        "Je n'habite pas à Brest.",
        "Mon fils est à Brest.",
        "Mi hijo va a Toledo.",
        "A minha filha está em Setúbal.",
        "Enfant, j'avais un chat, Pompon.",
        "Le mail de mon chef est kay@heron.example.",
        "Mis abuelos vivían en la calle Sol 3.",
        "No vivo en Toledo.",
        "El gato de Tove se llama Trasto.",
        "Em criança tinha um cão chamado Trasto.",
        "Estou em Setúbal até sexta em trabalho.",
        "Os meus pais vivem em Setúbal.",
        "我爸妈住在大连。",
        "小红升为部门经理了。",
        "刚才13900001111给我打电话。",
        "我看李医生的书。",
        "我是经理的朋友。",
        "We have a plumber now.",
        "My wife has a nurse now.",
        "搬来以后我胖了。",
    ],
)
def test_the_same_words_of_others_or_of_no_present_state_claim_nothing(text: str) -> None:
    assert claimed(text) == {}


@pytest.mark.parametrize(
    ("question", "state"),
    [
        ("Where is our flat?", ("", "home")),
        ("What town are we in?", ("", "home")),
        ("Where can friends write to me by email?", ("", "email")),
        ("Who do I see when I'm sick?", ("", "doctor")),
        ("Who insures me?", ("", "insurance")),
        ("How heavy am I?", ("", "weight")),
        ("What do I do for a living?", ("", "title")),
        ("Who am I sharing the flat with?", ("", "flatmate")),
        ("Which school does our girl go to?", ("daughter", "school")),
        ("Als was arbeite ich?", ("", "title")),
        ("Wie schwer bin ich?", ("", "weight")),
        ("Auf welche Schule geht mein Sohn?", ("son", "school")),
        ("Chez quel dentiste je vais ?", ("", "dentist")),
        ("Quel était mon métier en 2023 ?", ("", "title")),
        ("¿Con quién vivo?", ("", "flatmate")),
        ("¿Cuál era mi peso en mayo?", ("", "weight")),
        ("Com quem namoro?", ("", "partner")),
        ("Em que rua moro?", ("", "address")),
        ("我和谁合租?", ("", "flatmate")),
        ("我体重多少?", ("", "weight")),
    ],
)
def test_a_question_for_a_state_is_understood(question: str, state: tuple[str, str]) -> None:
    assert state in asked_states(question)


@pytest.mark.parametrize(
    "asked",
    [
        "do I live in Berlin or Porto",
        "is my rent 900",
        "do I work at Acme",
        "wohne ich in Graz",
        "est-ce que j'habite à Nantes",
        "habité-je à Nantes",
        "¿vivo en Burgos",
    ],
)
def test_a_question_without_its_mark_claims_nothing(asked: str) -> None:
    assert claims(asked) == ()


def test_the_apostrophe_of_a_telephone_is_that_of_a_keyboard() -> None:
    assert asked_states("Où est-ce que j’habite maintenant ?") == {("", "home")}
    assert claims("I’m renting a flat in Porto, rent is 900.") == claims(
        "I'm renting a flat in Porto, rent is 900."
    )


def test_a_question_about_a_relative_asks_for_nothing_of_the_speaker() -> None:
    assert ("", "title") not in asked_states("Quel était le métier de ma grand-mère ?")
    assert ("", "school") not in asked_states("Auf welche Schule geht meine Tochter?")


def test_the_value_is_all_that_is_said_of_the_state() -> None:
    assert claimed("Kestrel Dental does my teeth now.") == {"dentist": {"kestrel", "dental"}}
    assert claimed("我们在大连安家了。") == {"home": {"大连"}}
    assert claimed("From now on it's kay@heron.example.") == {"email": {"kay@heron.example"}}


def test_a_name_behind_a_comma_is_no_value_if_it_begins_something_else() -> None:
    assert claimed("I have a dog, Tove has three.") == {"pet": {"dog"}}


def test_where_a_child_moves_is_no_school() -> None:
    assert claimed("My daughter has moved to Aarhus.") == {"home of daughter": {"aarhus"}}


def test_a_doctor_for_the_teeth_is_no_doctor() -> None:
    assert claimed("My old dentist retired, I'm with Dr Quist now.") == {"dentist": {"quist"}}


def test_a_weight_is_the_same_in_all_words_for_kilos() -> None:
    assert claimed("I weigh 77 kilos.") == claimed("Peso 77 kg.") == {"weight": {"77kg"}}


def test_words_for_the_same_child_name_the_same_state() -> None:
    [first] = claims("My daughter goes to Larchwood.")
    [second] = claims("New school for our girl: Hilltop.")
    assert second.contradicts(first)


def test_two_children_may_go_to_two_schools() -> None:
    [first] = claims("Unser Sohn geht auf die Bergschule.")
    [second] = claims("Unsere Tochter geht auf die Ringschule.")
    assert not second.contradicts(first)


def test_no_frame_has_a_form_without_a_value() -> None:
    frames = [frame for each in languages() for state in each.states for frame in state.frames]
    assert [frame.expression for frame in frames if "|" in _outside_groups(frame.expression)] == []


def _outside_groups(expression: str) -> str:
    """The signs of a pattern that stand in no group and no set."""
    depth, outside, in_set, escaped = 0, "", False, False
    for sign in expression:
        if escaped:
            escaped = False
        elif sign == "\\":
            escaped = True
        elif in_set:
            in_set = sign != "]"
        elif sign == "[":
            in_set = True
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif depth == 0:
            outside += sign
    return outside

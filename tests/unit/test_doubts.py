"""Doubt that what was recalled answers, or is about whom the question names."""

from __future__ import annotations

from collections.abc import Iterator, Set
from datetime import datetime, timezone

import pytest

from remem import Memory
from remem.recall.doubts import SENTENCES, Evidence, doubt, shared_doubt
from remem.recall.prompt import build_context, whole_context, without_block
from remem.recall.ranking import merged
from remem.recall.reading.question import read_query
from remem.recall.recollection import Recollection
from remem.store import Record
from remem.store.fulltext.tokens import tokenize
from remem.testing import HashEncoder

NOW = datetime(2025, 6, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        yield memory


def recalled(text: str, speaker: str | None = None, **fields: str) -> Recollection:
    record = Record(key=text, source="s", position=0, text=text, role="user", speaker=speaker)
    return Recollection(record, 0.5, 0.5, **fields)


def left_by(
    question: str,
    *texts: str,
    nearness: float = 0.8,
    right_person: float = 1.0,
    is_known: bool = False,
    reads_all: bool = False,
) -> str:
    query = read_query(question, NOW)
    held: list[Set[str]] = [query.tokens.keys() & set(tokenize(text)) for text in texts]
    weights = dict.fromkeys(query.tokens, 5.0)
    covered = max(map(len, held), default=0) / max(1, len(weights))
    found = Evidence(nearness, covered, right_person, weights, held, is_known, reads_all)
    return doubt(query, [recalled(text) for text in texts], found)


def test_a_question_that_nothing_comes_near_is_not_answered() -> None:
    assert left_by("Who is my dentist?", "My boss is Ms Hale.", nearness=0.3) == "unanswered"


def test_what_is_near_answers() -> None:
    assert left_by("Who is my dentist?", "Dr Hale fixed a tooth again.", nearness=0.6) == ""


def test_what_holds_all_words_of_the_question_answers_however_far_it_is() -> None:
    assert left_by("What does my brother do?", "My brother repairs violins.", nearness=0.3) == ""


def test_what_somebody_stated_of_the_matter_answers() -> None:
    assert left_by("Where do I live?", "Moved again: Graz!", nearness=0.2, is_known=True) == ""


def test_a_message_that_asks_nothing_and_a_question_about_a_day_leave_no_doubt() -> None:
    assert left_by("My tooth hurts.", "The roof leaks.", nearness=0.1) == ""
    assert left_by("What happened on 3 May 2025?", "The roof leaks.", nearness=0.1) == ""


def test_in_a_language_that_the_encoder_does_not_read_words_decide() -> None:
    question = "Welche Farbe hat meine Haustür?"
    assert left_by(question, "Das Fahrrad ist weg.", nearness=0.6) == "unanswered"
    assert left_by(question, "Die Haustür ist grün, eine schöne Farbe.", nearness=0.6) == ""
    assert left_by(question, "Das Fahrrad ist weg.", nearness=0.6, reads_all=True) == ""


@pytest.mark.parametrize(
    ("question", "texts"),
    [
        ("Wie heißt mein Kanu?", ["Mein Hund heißt Rex.", "Meine Firma heißt Ostwind."]),
        ("¿Cómo se llama mi yate?", ["Mi gata se llama Luna.", "Mi jefe se llama Raúl."]),
        ("Comment s'appelle mon voilier ?", ["Mon chat s'appelle Gris."]),
        ("Como se chama o meu iate?", ["A minha gata se chama Lua."]),
        ("Come si chiama il mio gommone?", ["Il mio gatto si chiama Leo."]),
        ("我的摩托车叫什么名字？", ["我的狗叫什么名字？", "我的猫叫小黑。"]),
        ("我戴多大的帽子？", ["我最近学了什么？", "我穿四十码的外套。"]),
    ],
)
def test_words_that_only_ask_are_no_answer_in_any_language(question: str, texts: list[str]) -> None:
    assert left_by(question, *texts) == "unanswered"


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Wie heißt meine Katze?", "Meine Katze heißt Mia."),
        ("Welche Sprache lerne ich?", "Ich lernte wieder zwei Stunden Türkisch, eine Sprache!"),
        ("¿Qué instrumento aprendió la vecina?", "La vecina aprende un instrumento raro."),
        ("Où est garée la voiture ?", "J'ai garé la voiture près du port."),
        ("我以前学过什么乐器？", "我以前学过大提琴，是我最喜欢的乐器。"),
        ("我讨厌什么水果？", "我最讨厌榴莲，连这水果的味道都受不了。"),
    ],
)
def test_another_form_of_a_word_answers_as_well(question: str, text: str) -> None:
    assert left_by(question, text, "Hm.") == ""


def test_a_question_that_was_asked_before_answers_nothing() -> None:
    question = "Welche Farbe hat meine Haustür?"
    assert left_by(question, "Hat die Haustür eine Farbe, welche?") == "unanswered"


@pytest.mark.parametrize(
    ("question", "theirs", "others"),
    [
        ("Wo verbringt Lennart den Winter?", "Lennart hat Fieber.", "Den Winter bin ich in Rom."),
        ("Was hat Lennart im Bus vergessen?", "Lennart lacht.", "Im Bus den Schal vergessen!"),
        ("¿Qué vendió Blanca en la feria?", "Blanca ronca.", "Iván vendió miel en la feria."),
        ("¿A qué tiene miedo Iván?", "Iván ronca.", "Blanca tiene miedo a los perros."),
        ("O que Raquel vendeu na feira?", "Raquel ronca.", "Nuno vendeu mel na feira."),
        ("Où Lucas passe l'hiver ?", "Lucas ronfle.", "Inès passe l'hiver à Nice."),
        ("Che cosa colleziona Ilaria?", "Ilaria russa.", "Dario colleziona tappi."),
        ("冯雪收集什么？", "冯雪感冒了。", "阿强收集邮票。"),
        ("老马害怕什么？", "老马来过。", "董姐害怕蜘蛛。"),
        ("欧阳倩在火车上丢了什么？", "欧阳倩会唱歌。", "冯雪把伞丢在火车上了。"),
    ],
)
def test_others_have_done_in_any_language_what_somebody_has_not(
    question: str, theirs: str, others: str
) -> None:
    assert left_by(question, others, theirs) == "other person"
    assert left_by(question, others, f"{theirs} {others}") == ""


def test_what_is_near_in_another_language_answers_about_somebody() -> None:
    texts = ("Lennart spends the winter in Rome.", "Ada moved to Ghent.")
    assert left_by("Wo verbringt Lennart den Winterurlaub?", *texts, reads_all=True) == ""


def test_what_was_said_of_others_is_of_another_person() -> None:
    texts = ("Carl is allergic to shellfish.", "Patrick trained as a carpenter.")
    assert left_by("What is Patrick allergic to?", *texts) == "other person"
    assert left_by("What is Carl allergic to?", *texts) == ""


def test_a_place_is_no_person() -> None:
    assert left_by("When was I last in Amsterdam?", "At last!", "Off to Amsterdam.") == ""


def test_the_speakers_tell_whether_it_is_the_right_person() -> None:
    assert left_by("What did Ana plant?", "I planted beans.", right_person=0.2) == "other person"


def test_a_block_tells_the_doubt_and_counts_it(memory: Memory) -> None:
    found = [recalled("My boss is Ms Hale.", doubt="unanswered")]
    block = build_context(found, budget=200, now=NOW)
    assert block.doubt == "unanswered"
    assert f"1 June 2025. {SENTENCES['unanswered']}\n<memories>" in block.text
    certain = build_context([recalled("My boss is Ms Hale.")], budget=200, now=NOW)
    assert certain.doubt == ""
    assert block.tokens > certain.tokens
    again = whole_context(found, NOW, block.tokens, block.doubt)
    assert again.text == block.text
    assert without_block(f"{block.text}\nHello") == "Hello"


def test_pinned_memories_and_echoes_have_no_say() -> None:
    pinned = recalled("Be brief.")
    pinned = Recollection(
        Record(key="p", source="s", position=0, text="Be brief.", metadata={"pinned": True}), 1.0
    )
    unsure = recalled("My boss is Ms Hale.", doubt="unanswered")
    assert shared_doubt([pinned, unsure, recalled("Who?", echo="question")]) == "unanswered"
    assert shared_doubt([unsure, recalled("I see Dr Hale.")]) == ""
    assert shared_doubt([]) == ""


def test_of_two_questions_in_a_message_one_that_is_answered_leaves_no_doubt() -> None:
    text = "My boss is Ms Hale."
    [one] = merged([[recalled(text, doubt="unanswered")], [recalled(text)]])
    assert one.doubt == ""


def test_a_search_and_its_block_tell_that_it_is_another_person(memory: Memory) -> None:
    memory.add("Carl is allergic to shellfish.")
    memory.add("Patrick came over, and we sang.")
    found = memory.search("What is Patrick allergic to?")
    assert {one.doubt for one in found} == {"other person"}
    block = memory.context("What is Patrick allergic to?", floor=0.0)
    assert SENTENCES["other person"] in block.text
    assert "Carl is allergic to shellfish." in block.text
    assert memory.context("What is Carl allergic to?", floor=0.0).doubt == ""

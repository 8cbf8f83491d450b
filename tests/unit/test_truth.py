"""The newest truth: a statement is true until a later one says otherwise, and a person's word
counts for more than the rule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from remem import Memory
from remem.contents import pin
from remem.recall.order.truth import supersessions
from remem.recall.reading.states import languages
from remem.store import InvalidInput, Record
from remem.testing import HashEncoder

MARCH = datetime(2023, 3, 1, 9, tzinfo=timezone.utc)
MAY = datetime(2025, 5, 3, 9, tzinfo=timezone.utc)
LATER = datetime(2025, 9, 1, 9, tzinfo=timezone.utc)
CHATTER = (
    "I had pancakes for breakfast.",
    "We went to Vigo on Saturday, where the weather was nice.",
    "My sister lives in Graz now.",
    "Where can I live well for 500 euros?",
    "The train to Turin was late again.",
)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        for n, text in enumerate(CHATTER):
            say(memory, text, MARCH + timedelta(days=100 + n))
        yield memory


def say(memory: Memory, text: str, at: datetime, speaker: str | None = None) -> Record:
    return memory.add(text, source=f"{at:%Y-%m-%d}", kind="turn", speaker=speaker, said_at=at)


def first(memory: Memory, asked: str) -> str:
    return memory.search(asked, 5, now=LATER)[0].record.text


def marked(
    *texts: str, speakers: tuple[str | None, ...] = (None, None), **fields: Any
) -> list[str]:
    """The statements that are superseded if these are said in this order."""
    records = [
        Record(
            f"k{n}",
            f"s{n}",
            0,
            text,
            kind="turn",
            said_at=MARCH + timedelta(days=n),
            speaker=who,
            **fields,
        )
        for n, (text, who) in enumerate(zip(texts, speakers, strict=False))
    ]
    return [one.older.text for one in supersessions(records)]


@pytest.mark.parametrize(
    ("before", "now", "question"),
    [
        ("I live in Berlin.", "Moved again: Lisbon, Rua Nova 5.", "Where do I live now?"),
        (
            "My number is 0151 2345678.",
            "New number, by the way: 0170 998877.",
            "What is my number?",
        ),
        ("My rent is 700 euros.", "The landlord raised the rent to 820 euros.", "What is my rent?"),
        ("I earn 41000 a year.", "I got a raise, I make 46000 now.", "How much do I earn?"),
        ("I work at Novatek.", "I quit Novatek and joined Lumora.", "Who is my employer?"),
        ("My dog is called Rex.", "Our new dog is called Bruno.", "What is my dog called?"),
        ("Ich wohne in Köln.", "Wieder umgezogen: Bremen.", "Wo wohne ich?"),
        ("J'habite à Lyon.", "J'ai déménagé à Nantes.", "Où est-ce que j'habite ?"),
        ("Vivo en Sevilla.", "Nos mudamos a Granada.", "¿Dónde vivo?"),
        ("Moro em Recife.", "Mudei de novo: Curitiba.", "Onde eu moro?"),
        ("我住在上海。", "我们搬到南京了。", "我住在哪里？"),
        ("Abito a Parma.", "Ci siamo trasferiti a Modena.", "Dove abito?"),
        ("Il mio numero è 333 1112223.", "Nuovo numero: 333 4445556.", "Qual è il mio numero?"),
        ("Lavoro da Ferrini.", "Lunedì inizio da Costa.", "Dove lavoro?"),
        ("Pago 600 euro di affitto.", "L'affitto è salito a 650.", "Quanto pago di affitto?"),
        (
            "Il mio cane si chiama Birba.",
            "Il nuovo cane si chiama Otto.",
            "Come si chiama il mio cane?",
        ),
        ("Я живу в Казани.", "Мы переехали в Самару.", "Где я живу?"),
        ("Мой номер 8-900-1112233.", "Сменил номер, теперь 8-900-4445566.", "Какой у меня номер?"),
        ("Я работаю в Векторе.", "Устроилась в Орион.", "Где я работаю?"),
        ("Плачу за квартиру 30000.", "Аренду подняли до 34000.", "Сколько я плачу за квартиру?"),
        ("Мою собаку зовут Рекс.", "Нового щенка зовут Бим.", "Как зовут мою собаку?"),
    ],
)
def test_what_is_true_now_comes_first(memory: Memory, before: str, now: str, question: str) -> None:
    say(memory, before, MARCH)
    say(memory, now, MAY)
    assert first(memory, question) == now


def test_where_an_agent_works_nobody_tells_of_themselves() -> None:
    told = ["My email is ana@here.org.", "My email is ana@there.org now."]
    assert marked(*told) == told[:1]
    assert marked(*told, metadata={"project": "/work/shop"}) == []


def test_the_same_wording_twice_is_a_change_too(memory: Memory) -> None:
    say(memory, "I live in Berlin.", MARCH)
    say(memory, "I live in Lisbon.", MAY)
    assert first(memory, "Where do I live?") == "I live in Lisbon."


def test_a_question_about_a_time_gets_what_was_true_then(memory: Memory) -> None:
    say(memory, "I live in Berlin.", MARCH)
    say(memory, "Moved again: Lisbon.", MAY)
    assert first(memory, "Where did I live in June 2024?") == "I live in Berlin."
    assert first(memory, "Where did I live in July 2025?") == "Moved again: Lisbon."


def test_what_was_not_yet_said_when_it_is_asked_supersedes_nothing(memory: Memory) -> None:
    say(memory, "I live in Berlin.", MARCH)
    say(memory, "Moved again: Lisbon.", MAY)
    asked = memory.search("Where do I live?", 5, now=MAY - timedelta(days=30))
    assert asked[0].record.text == "I live in Berlin."


def test_the_past_is_still_found_by_who_asks_for_it(memory: Memory) -> None:
    say(memory, "I live in Berlin.", MARCH)
    say(memory, "Moved again: Lisbon.", MAY)
    found = [one.record.text for one in memory.search("Where did I live before Lisbon?", 3)]
    assert "I live in Berlin." in found


def test_the_prompt_says_until_when_it_was_true(memory: Memory) -> None:
    say(memory, "I live in Berlin.", MARCH)
    say(memory, "Moved again: Lisbon.", MAY)
    block = memory.context("Where do I live?", floor=0).text
    assert "(until 3 May 2025): I live in Berlin." in block
    assert block.count("(until") == 1


def test_a_search_names_the_memory_that_says_otherwise(memory: Memory) -> None:
    older = say(memory, "I live in Berlin.", MARCH)
    newer = say(memory, "Moved again: Lisbon.", MAY)
    found = {one.record.key: one for one in memory.search("Where do I live?", 5)}
    assert (found[older.key].until, found[older.key].newer) == (MAY, newer.key)
    assert (found[newer.key].until, found[newer.key].newer) == (None, None)


@pytest.mark.parametrize(
    "texts",
    [
        ("I have a dog called Rex.", "I also have a cat called Minka."),
        ("I work at Novatek.", "My brother works at Lumora now."),
        ("I live in Berlin.", "My friend moved to Lisbon."),
        ("I live in Berlin.", "I'm thinking about moving to Lisbon."),
        ("I live in Berlin.", "We're in Lisbon for a week."),
        ("I live in Berlin.", "I lived in Lisbon as a child."),
        ("I live in Berlin.", "Should I move to Lisbon?"),
        ("I live in Berlin.", "Moved my account over to Clearbank."),
        ("I live in Berlin.", "I moved the meeting to Friday, Lisbon has a holiday."),
        ("I live in Berlin.", "I see Dr. Brandt these days, Okafor moved to Cork."),
        ("My rent is 710 euros.", "The alarm code was changed by the landlord: 7714."),
        ("My rent is due on the 3rd.", "My rent is 710 euros."),
        ("The rent here is 740 pounds.", "The rise came through: 31,200 from this month!"),
        ("Hello place, hello Derry, we moved in.", "Traded it in and came home with a Mazda."),
        ("Mein Arbeitgeber ist Novatek.", "Heike hat mit dem Fechten angefangen."),
        ("Mi casa está en Burgos.", "El nuevo de la casa responde a Bruno."),
        ("我的公司是蓝海旅行社。", "你好，又是我。我奶奶以前做什么工作？"),
        ("Abito a Parma.", "Mia sorella si è trasferita a Modena."),
        ("Abito a Parma.", "Vorrei trasferirmi a Modena."),
        ("Lavoro da Ferrini.", "Lavoro sempre fino a tardi."),
        ("Я живу в Казани.", "Мой брат переехал в Самару."),
        ("Я живу в Казани.", "Хочу переехать в Самару."),
        ("Мой номер 8-900-1112233.", "У подруги новый номер: 8-900-4445566."),
        ("I live in Berlin.", "I live in Berlin, right behind the station."),
        ("We went to Vigo on Monday.", "We went to Porto on Tuesday."),
        ("My daughter's school is Hillcrest.", "My son's school is Oakwood now."),
        ("My number is 0151 2345678.", "Meine Tante hat die Nummer 0170 998877."),
        ("My phone number is 0151 2345678.", "My neighbour's new number is 0170 998877."),
        ("我的手机号是13800138000。", "我婶婶的电话是18414194439。"),
    ],
)
def test_what_says_nothing_else_of_the_same_leaves_it_true(texts: tuple[str, str]) -> None:
    assert marked(*texts) == []


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("I live in Porto now.", "Spare key has moved to Bernd."),
        ("Theo is my new boss.", "My club folded, so the Castle Chess has taken me in."),
        ("My gym is IronWorks.", "Cancelled, we get the veg box from Green Gables now."),
        ("My mobile is 07700 900142.", "Ring the plumber on 07700 900555, or remind me to."),
        ("I've got a dog called Biscuit.", "Our neighbours got a new dog called Pickle."),
        ("My employer is Halden Logistics.", "First day at the Waldorf school for my daughter."),
        ("我的上司是陈静雯。", "我的上司是个厨师。"),
        ("我的上司是陈静雯。", "我的上司是北京人。"),
        ("我的上司是陈静雯。", "我上司是总经理。"),
        ("I'm a nurse.", "The boots were dear, but they made me feel tall."),
    ],
)
def test_words_side_by_side_end_nothing(older: str, newer: str) -> None:
    assert marked(older, newer) == []


def test_who_is_named_in_a_question_is_not_answered_by_others(memory: Memory) -> None:
    say(memory, "I still have that stuffed dog, and call her Tilly.", MARCH, "Joanna")
    say(memory, "I got a dog called Max.", MAY, "Nate")
    assert "Tilly" in first(memory, "What did Joanna call her stuffed dog?")


def test_people_do_not_speak_for_each_other() -> None:
    assert marked("I live in Berlin.", "I live in Lisbon.", speakers=("Ana", "Ben")) == []
    assert marked("I live in Berlin.", "I live in Lisbon.", speakers=("Ana", "Ana")) != []


def test_an_assistant_supersedes_nothing(memory: Memory) -> None:
    say(memory, "I live in Berlin.", MARCH)
    memory.add_messages([{"role": "assistant", "content": "I live in the cloud: Moved to Mars."}])
    assert memory.supersessions() == []


def test_who_moves_back_is_there_again() -> None:
    assert marked(
        "I live in Berlin.", "I moved to Porto.", "I moved to Berlin.", speakers=(None,) * 3
    ) == [
        "I live in Berlin.",
        "I moved to Porto.",
    ]


def test_what_is_listed_can_be_taken_back_and_stays_so(memory: Memory) -> None:
    older = say(memory, "I live in Berlin.", MARCH)
    say(memory, "Moved again: Lisbon.", MAY)
    [one] = memory.supersessions()
    assert (one.about, one.older.key, one.since) == ("home", older.key, MAY)
    memory.undo(older.key)
    assert memory.supersessions() == []
    assert "(until" not in memory.context("Where do I live?", floor=0).text


def test_after_an_undo_what_is_said_later_counts_again(memory: Memory) -> None:
    older = say(memory, "I live in Berlin.", MARCH)
    say(memory, "Moved again: Lisbon.", MAY)
    memory.undo(older.key)
    say(memory, "We moved to Ghent.", LATER)
    assert {one.newer.text for one in memory.supersessions()} == {"We moved to Ghent."}
    assert len(memory.supersessions()) == 2


def test_only_what_is_superseded_can_be_taken_back(memory: Memory) -> None:
    record = say(memory, "I live in Berlin.", MARCH)
    with pytest.raises(InvalidInput, match="nothing supersedes the memory"):
        memory.undo(record.key)
    with pytest.raises(InvalidInput, match="no memory has the key"):
        memory.undo("nobody")


def test_a_correction_counts_for_more_than_what_was_said_before_it(memory: Memory) -> None:
    older = say(memory, "I live in Berlin.", MARCH)
    say(memory, "Moved again: Lisbon.", MAY)
    memory.update(older.key, "I live in Rome.")
    found = memory.search("Where do I live?", 5)
    assert (found[0].record.text, found[0].until) == ("I live in Rome.", None)


def test_what_is_pinned_is_never_superseded(memory: Memory) -> None:
    older = say(memory, "I live in Berlin.", MARCH)
    say(memory, "Moved again: Lisbon.", MAY)
    pin(memory, older.key)
    assert memory.supersessions() == []


def test_nothing_is_written_or_lost(memory: Memory) -> None:
    older = say(memory, "I live in Berlin.", MARCH)
    say(memory, "Moved again: Lisbon.", MAY)
    before = list(memory.scan())
    memory.search("Where do I live?", 5)
    assert list(memory.scan()) == before
    assert older.key in {one.record.key for one in memory.search("Where do I live?", 9)}


def test_a_relative_has_states_of_their_own() -> None:
    texts = ("My daughter's school is Hillcrest.", "My daughter's new school is Oakwood.")
    assert marked(*texts) == [texts[0]]


def test_every_frame_is_a_pattern_with_a_value() -> None:
    states = [state for language in languages() for state in language.states]
    frames = [frame for state in states for frame in state.frames]
    assert frames
    assert all("v" in frame.pattern.groupindex for frame in frames)


def test_every_open_frame_is_one_with_a_noun() -> None:
    frames = [frame for language in languages() for frame in language.open]
    assert frames
    assert all({"noun", "v"} <= frame.pattern.groupindex.keys() for frame in frames)

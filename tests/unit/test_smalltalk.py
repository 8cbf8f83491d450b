"""Which messages ask for no memory."""

from datetime import datetime, timezone

import pytest

from remem import Memory
from remem.recall.reading.smalltalk import is_small_talk
from remem.testing import HashEncoder


@pytest.mark.parametrize(
    "text",
    [
        "hi",
        "Thank you so much!",
        "THAT'S AMAZING!!",
        "How are you doing today?",
        "Sounds good, talk to you tomorrow :)",
        "What do you think?",
        "你好！",
        "谢谢你，辛苦了",
        "好的，明白了 ok",
    ],
)
def test_conversational_words_in_english_or_chinese_are_small_talk(text: str) -> None:
    assert is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "Hallo, wie geht's dir?",
        "Gut, bis morgen.",
        "¿Qué tal estás?",
        "Muchas gracias.",
        "Salut, comment ça va ?",
        "Va bene, a domani!",
        "Danke, das hat mir echt geholfen.",
        "Nos vemos el lunes entonces",
        "Merci pour ton aide !",
        "Obrigado pela ajuda",
        "Спасибо за помощь!",
        "你今天过得怎么样？",
        "Olá, como vai?",
        "Привет, как дела?",
    ],
)
def test_so_are_those_of_six_more_languages(text: str) -> None:
    assert is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "okie dokie, many thanks",
        "gn8, sweet dreams!",
        "100%",
        "can't complain, and you?",
        "no cap",
        "dankeschön, alles klärchen",
        "Da bin ich leider anderer Meinung.",
        "hau rein, tschau",
        "que te vaya bonito",
        "date prisa porfa",
        "tô de volta",
        "que engraçado vc",
        "oh la vache, t'es une machine",
        "dsl, toutes mes excuses",
        "我的锅，发错了",
        "绷不住了 hhhh 666",
    ],
)
def test_so_is_what_people_type_among_friends(text: str) -> None:
    assert is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "am i seeing anyone",
        "did i say yes or no to him?",
        "moin, was steht heute bei mir an?",
        "¿Cómo voy al trabajo?",
        "antes de irme, qué tenía que llevar?",
        "Wo war das nochmal?",
    ],
)
def test_a_question_about_who_asks_or_for_a_place_is_none(text: str) -> None:
    assert not is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "我的生日",
        "mi cumpleaños",
        "mi canción",
        "ma voiture",
        "mon travail",
        "Mein Geburtstag",
        "Meine Reise",
        "o meu carro",
        "Treffen am Montag",
        "tía Rosa",
    ],
)
def test_a_word_that_stands_for_something_makes_it_none(text: str) -> None:
    assert not is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "Wo bin ich?",
        "¿Qué hice ayer?",
        "Où suis-je ?",
        "Chi sono?",
        "Quem é ela?",
        "Где мы были?",
        "wo war ich",
        "what did we do",
    ],
)
def test_a_question_of_common_words_alone_is_none(text: str) -> None:
    assert not is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "Write me a poem",
        "Happy birthday!",
        "It is so windy today",
        "Wie alt bist du?",
        "Frohes neues Jahr!",
        "Ich bin heute gut gelaunt",
        "Es regnet schon wieder",
        "Erzähl mir eine Geschichte",
        "¿Cómo te llamas?",
        "Hoy hace mucho calor",
        "Cuéntame un cuento",
        "¡Feliz cumpleaños!",
        "Quel âge as-tu ?",
        "Je suis de bonne humeur",
        "Chante-moi une chanson",
        "À la prochaine, bon courage",
        "Você pode me ajudar?",
        "Está chovendo de novo",
        "Que pena, melhoras!",
        "Come ti chiami?",
        "Sono di buon umore",
        "In bocca al lupo!",
        "Как тебя зовут?",
        "У меня плохое настроение",
        "С новым годом!",
        "给我写一首诗",
        "你叫什么名字？",
        "今天好冷啊",
        "早日康复！",
    ],
)
def test_so_are_moods_the_weather_wishes_and_questions_about_whoever_is_asked(text: str) -> None:
    assert is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "When is the birthday?",
        "Where was it cold?",
        "What is my name?",
        "Wie alt bin ich?",
        "In welchem Jahr war das?",
        "¿Cómo me llamo?",
        "¿Cuándo es mi cumpleaños?",
        "¿Qué año fue?",
        "Quel âge ai-je ?",
        "Qui était malade ?",
        "Quantos anos tenho?",
        "Come mi chiamo?",
        "Как меня зовут?",
        "Сколько мне лет?",
        "我叫什么名字？",
        "我几岁了？",
        "谁帮了我？",
    ],
)
def test_the_same_words_about_the_one_who_asks_are_none(text: str) -> None:
    assert not is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "How are you today?",
        "Wie geht's dir heute?",
        "¿Qué tal estás hoy?",
        "Ça va aujourd'hui ?",
        "Oi, tudo bem hoje?",
        "Ciao, come va oggi?",
        "Привет, как дела сегодня?",
        "你好，最近怎么样？",
    ],
)
def test_a_greeting_asks_for_no_day_although_it_names_one(text: str) -> None:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        memory.add("The roof leaks.", said_at=datetime(2025, 6, 1, 9, tzinfo=timezone.utc))
        now = datetime(2025, 6, 1, 12, tzinfo=timezone.utc)
        assert memory.context(text, now=now).text == ""
        assert memory.context("Anything today?", now=now).text


@pytest.mark.parametrize("text", ["Don't worry", "I can’t talk now", "It won't be long", "I'm ok"])
def test_contractions_count_as_their_words(text: str) -> None:
    assert is_small_talk(text)


@pytest.mark.parametrize("text", ["🎉🎉🎉", "👍", "...", "?!", ""])
def test_what_has_no_words_is_small_talk(text: str) -> None:
    assert is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "Hi, how is the dentist?",
        "ok, 42",
        "thanks for the paella",
        "你好，我的猫呢？",
        "Hallo, wann kommt der Zahnarzt?",
        "Gracias por la paella.",
    ],
)
def test_one_word_of_content_makes_it_a_message_about_that(text: str) -> None:
    assert not is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "How much do I make?",
        "What do I like?",
        "When did we meet?",
        "What's mine?",
        "Who is she?",
        "Where did they go?",
    ],
)
def test_a_question_about_people_is_none_however_common_its_words(text: str) -> None:
    assert not is_small_talk(text)


def test_a_question_about_whoever_is_asked_is_small_talk() -> None:
    assert is_small_talk("Who are you?")


@pytest.mark.parametrize(
    "text",
    ["Hahahahaha!", "Jejejeje, muy bueno", "kkkkkkk", "Ahahah", "rsrsrs", "mdrrr", "Хахаха",
     "sooo cool", "Holaaaa", "Olááá", "Suuuper !"],
)  # fmt: skip
def test_laughter_and_long_drawn_words_are_small_talk(text: str) -> None:
    assert is_small_talk(text)

"""Short texts in the encodings of their times."""

import pytest

from remem.ingest.encodings import likely_encoding

SENTENCES = [
    ("cp1252", "It’s under the pot — don’t tell “Rui”. Costs 5€."),
    ("cp1252", "Der Schlüssel liegt unter dem Blumentopf."),
    ("cp1252", "O café é às três; não há pão."),
    ("cp1252", "mañana"),
    ("cp1250", "Klucz leży pod doniczką przy drzwiach."),
    ("cp1250", "Klíč je pod květináčem u dveří."),
    ("iso8859-2", "Příliš žluťoučký kůň úpěl ďábelské ódy."),
    ("cp1250", "Árvíztűrő tükörfúrógép, a kulcs a cserép alatt van."),
    ("cp1257", "Raktai yra po vazonu. Prašau niekam nesakyk, ąčęėįšųūž."),
    ("cp1251", "Ключ лежит под горшком."),
    ("cp1251", "Ключ лежить під горщиком біля дверей."),
    ("koi8-r", "Ключ лежит под горшком."),
    ("cp866", "Привет, как дела?"),
    ("cp1253", "Το κλειδί είναι κάτω από τη γλάστρα."),
    ("cp1255", "המפתח נמצא מתחת לעציץ ליד הדלת של הבית."),
    ("cp1255", "שלום"),
    ("cp1256", "المفتاح تحت الأصيص قرب الباب."),
    ("cp1254", "Anahtar kapının yanındaki saksının altında."),
    ("cp874", "กุญแจอยู่ใต้กระถางต้นไม้ข้างประตู"),
    ("mac-roman", "Der Schlüssel liegt unter dem Blumentopf für später."),
    ("gb18030", "钥匙在门口花盆下面。"),
    ("big5", "鑰匙在門口花盆下面。"),
    ("cp949", "열쇠는 문 옆 화분 아래에 있어요."),
    ("cp932", "鍵は玄関の植木鉢の下にあります。"),
    ("euc-jp", "今日はスーパーで牛乳を買いました。"),
]


@pytest.mark.parametrize(("encoding", "text"), SENTENCES)
def test_one_sentence_tells_its_encoding(encoding, text):
    data = text.encode(encoding)
    found = likely_encoding(data)
    assert found is not None
    assert data.decode(found) == text


@pytest.mark.parametrize(("encoding", "text"), SENTENCES)
def test_a_character_that_is_cut_off_does_not_matter(encoding, text):
    data = (text * 5).encode(encoding)[:-1]
    assert data.decode(likely_encoding(data), "ignore").startswith(text)


def test_a_note_is_read_in_its_encoding_and_that_is_told(read, write):
    reading = read(write("note.txt", "Costs 5€ — “now”.".encode("cp1252")))
    assert reading.texts == ["Costs 5€ — “now”."]
    assert "read as cp1252" in reading.problems[0].reason


def test_bytes_that_are_no_text_are_in_none():
    assert likely_encoding(b"\x00\x81\x00\x9d") is None


@pytest.mark.parametrize(
    ("declared", "encoding", "text"),
    [
        ("iso-8859-1", "cp1252", "It’s “5€”"),
        ("ISO-8859-1", "utf-8", "It’s “5€” né"),
        ("gb2312", "gb18030", "鎔钥匙"),
        ("shift_jis", "cp932", "①鍵は"),
        ("us-ascii", "cp1252", "caf\u00e9"),
    ],
)
def test_a_page_is_decoded_as_browsers_do(read, write, declared, encoding, text):
    page = f'<html><head><meta charset="{declared}"></head><body><p>{text}</p></body></html>'
    assert read(write("page.html", page.encode(encoding))).texts == [text]


@pytest.mark.parametrize(
    "hidden",
    [
        "<p hidden>x</p>",
        '<div style="color: red; display:none"><p>x</p></div>',
        '<span style="visibility: hidden">x</span>',
        "<noscript>x</noscript>",
        "<template><p>x</p></template>",
    ],
)
def test_what_a_page_hides_is_not_read(read, write, hidden):
    page = f"<html><body>{hidden}<p>seen</p><p style='display: block'>too</p></body></html>"
    assert read(write("page.html", page)).texts == ["seen\n\ntoo"]

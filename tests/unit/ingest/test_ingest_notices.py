"""What WhatsApp writes itself is nobody's words; what looks a little like it is somebody's."""

from zipfile import ZipFile

import pytest

HEAD, IPHONE = "25/03/2022, 14:08 - ", "[25/03/2022, 14:08:18] "


def texts(read, write, line, head=HEAD):
    return read(write("chat.txt", f"{head}{line}\n{head}Bo: ok\n")).texts


@pytest.mark.parametrize(
    "words",
    [
        "<Media omitted>",
        "<Media utelatt>",
        "< Média vynechána >",
        "<תוכן המדיה לא נכלל>",
        "<省略影音内容>",
        "<conținut media omis>",
        "<Файл қосылған жоқ>",
        "null",
        "Waiting for this message. This may take a while.",
        "This message was deleted.",
        "This message was deleted by admin Ana",
        "Se eliminó este mensaje.",
        "Diese Nachricht wurde gelöscht.",
        "Vous avez supprimé ce message",
        "Denne meldingen ble slettet",
        "此訊息已刪除",
        "このメッセージは削除されました",
        "<attached: 00000002-PHOTO-2021-03-04-10-18-29.jpg>",
        "<adjunto: 00000002-PHOTO-2021-03-04-10-18-29.jpg>",
        "PTT-20250328-WA0014.opus (archivo adjunto)",
        "IMG-20220325-WA0001.jpg (arquivo anexado)",
        "lease.pdf (Datei angehängt)",
        "image omitted",
        "video weggelaten",
        "Missed voice call",
        "Missed video call, tap to call back",
        "Voice call, 5 min",
        "Llamada perdida",
        "Live location shared",
    ],
)
def test_placeholders_are_left_out(read, write, words):
    assert texts(read, write, f"Ana: {words}") == ["ok"]


@pytest.mark.parametrize(
    "words",
    [
        "<3",
        "<hello world>",
        "<div class=media>",
        "I deleted this message, sorry",
        "null and void",
        "the report.pdf (attached to the mail, look there) is wrong",
        "we omitted the media",
        "at nine <maybe ten>",
        "a <b> edited",
        "\u200ehello from my keyboard",
    ],
)
def test_words_of_people_are_kept(read, write, words):
    assert texts(read, write, f"Ana: {words}") == [words.removeprefix("\u200e"), "ok"]


@pytest.mark.parametrize(
    "mark",
    [
        "<This message was edited>",
        "\u200e<This message was edited>",
        "<Este mensaje fue editado>",
        "<Diese Nachricht wurde bearbeitet>",
        "<Это сообщение изменено>",
        "<ההודעה נערכה>",
        "<Ta wiadomość została edytowana>",
        "<此訊息已編輯>",
        "<Bericht bewerkt>",
    ],
)
def test_the_mark_of_an_edited_message_is_cut_off(read, write, mark):
    assert texts(read, write, f"Ana: at nine {mark}") == ["at nine", "ok"]


@pytest.mark.parametrize(
    "notice",
    [
        'Ana created group "Trip: Oslo"',
        'Ana changed the group name from "Trip: Rome" to "Trip: Oslo"',
        "Ana hat die Gruppe „Reise: Oslo“ erstellt",
        "Ana a créé le groupe «Voyage: Oslo»",
        "安娜创建了群组“旅行: 奥斯陆”",
        "Ana changed the subject to “Trip: Rome”",
        "Ana changed this group's settings to: admins only",
    ],
)
def test_a_notice_with_a_colon_is_nobodys(read, write, notice):
    assert texts(read, write, notice) == ["ok"]


def test_a_name_with_quotation_marks_is_a_name(read, write):
    assert texts(read, write, 'Ana "Bo" Reis: hi') == ["hi", "ok"]


def test_an_iphone_marks_its_own_words(read, write):
    notice = "Hikers: \u200eBo added you"
    assert texts(read, write, notice, IPHONE) == ["ok"]


def test_a_poll_keeps_its_question(read, write):
    poll = "Ana: \u200ePOLL:\nLunch?\n\u200eOPTION: yes (2 votes)"
    assert texts(read, write, poll, IPHONE) == ["\nLunch?\nOPTION: yes (2 votes)", "ok"]


def test_blank_lines_before_the_first_message_do_not_hide_a_chat(read, write):
    assert read(write("chat.txt", f"{chr(10) * 8}{HEAD}Ana: hi\n")).texts == ["hi"]


@pytest.mark.parametrize("name", ["دردشة واتساب مع Ana.txt", "Ana.txt", "채팅.txt"])
def test_a_zip_is_known_by_what_is_in_it(read, tmp_path, name):
    path = tmp_path / "export.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr(name, f"{HEAD}Ana: hi\n")
        archive.writestr("IMG-1.jpg", b"\xff\xd8")
    assert read(path).texts == ["hi"]


def test_media_beside_a_chat_are_no_problems_and_other_files_are(read, write):
    write("Ana/photo.jpg", b"\xff\xd8")
    write("Ana/PTT-1.opus", b"Ogg")
    write("Ana/sheet.xlsx", b"PK")
    reading = read(write("Ana/_chat.txt", f"{IPHONE}Ana: hi\n").parent)
    assert reading.texts == ["hi"]
    assert [problem.path.name for problem in reading.problems] == ["sheet.xlsx"]


def test_media_without_a_chat_are_problems(read, write):
    write("trip/notes.txt", "hello")
    reading = read(write("trip/photo.jpg", b"\xff\xd8").parent)
    assert [problem.path.name for problem in reading.problems] == ["photo.jpg"]

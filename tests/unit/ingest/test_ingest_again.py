"""Imported again: the same chat, another one of the same name, a moved file, edits, other dates."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from remem import Memory
from remem.ingest import import_path
from remem.ingest.again import Names
from remem.store import Record, SourceInfo
from remem.testing import HashEncoder

Write = Callable[[str, Any], Path]
NOON = datetime(2024, 7, 20, 12)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        yield memory


def chat(*said: str, begin: datetime = NOON, order: str = "%d/%m/%Y", by: str = "Ana") -> str:
    moments = (begin + timedelta(minutes=7 * number) for number in range(len(said)))
    return "".join(
        f"{moment.strftime(order)}, {moment:%H:%M} - {by}: {text}\n"
        for moment, text in zip(moments, said, strict=True)
    )


def texts(memory: Memory) -> list[str]:
    return sorted(record.text for record in memory.scan() if record.superseded_by is None)


FIRST = chat("the pot is blue", "and the lid is red", "come at nine", "bring salt")
OTHER = chat("a new bicycle", "it has no bell", "the shop is closed", "try monday")


def test_two_contacts_of_one_name_are_two_chats_with_all_their_words(
    memory: Memory, write: Write
) -> None:
    import_path(memory, write("WhatsApp Chat with Ana.txt", FIRST))
    report = import_path(memory, write("other/WhatsApp Chat with Ana.txt", OTHER))
    assert report.added == {"default": 4}
    assert report.problems == ()
    assert len(memory.sources()) == 2
    assert "the pot is blue" in texts(memory)
    assert "a new bicycle" in texts(memory)
    for name, content in (("WhatsApp Chat with Ana.txt", FIRST), ("x/Chat with Ana.txt", OTHER)):
        again = import_path(memory, write(name.replace("x/Chat", "x/WhatsApp Chat"), content))
        assert (again.added, again.changed) == ({"default": 0}, {})
    assert len(memory.sources()) == 2


def test_a_chat_that_goes_on_stays_one(memory: Memory, write: Write) -> None:
    path = write("WhatsApp Chat with Ana.txt", FIRST)
    import_path(memory, path)
    later = chat("so long", "bye", "see you", begin=NOON + timedelta(days=40))
    import_path(memory, write("WhatsApp Chat with Ana.txt", later))
    import_path(memory, write("WhatsApp Chat with Ana.txt", FIRST + later))
    assert len(memory.sources()) == 1
    assert memory.count() == 7


def test_an_edited_message_has_the_new_words_and_the_old_ones_in_its_history(
    memory: Memory, write: Write
) -> None:
    import_path(memory, write("WhatsApp Chat with Ana.txt", FIRST))
    edited = FIRST.replace("at nine", "at ten <This message was edited>")
    report = import_path(memory, write("WhatsApp Chat with Ana.txt", edited))
    assert report.changed == {"default": 1}
    assert "come at ten" in texts(memory)
    assert "come at nine" not in texts(memory)
    [now] = [record for record in memory.scan() if record.text == "come at ten"]
    assert [each.text for each in memory.history(now.key)] == ["come at nine", "come at ten"]


def test_of_several_messages_in_one_minute_one_that_was_deleted_moves_no_words(
    memory: Memory, write: Write
) -> None:
    lines = [f"20/07/2024, 12:00 - Ana: {text}\n" for text in ("one", "two", "three")]
    import_path(memory, write("WhatsApp Chat with Ana.txt", FIRST + "".join(lines)))
    without = FIRST + "".join(lines[1:])
    report = import_path(memory, write("WhatsApp Chat with Ana.txt", without))
    assert (report.added, report.changed) == ({"default": 0}, {})
    assert {"one", "two", "three"} <= set(texts(memory))


BEGIN = datetime(2024, 4, 3, 9)


def test_dates_that_were_guessed_are_corrected_by_a_file_that_is_sure(
    memory: Memory, write: Write
) -> None:
    # 04/03: read with the day first, as long as nothing tells otherwise.
    guessed = chat("the pot is blue", "come at nine", "bring salt", begin=BEGIN, order="%m/%d/%Y")
    import_path(memory, write("WhatsApp Chat with Ana.txt", guessed))
    assert {record.said_at.month for record in memory.scan() if record.said_at} == {3}
    sure = guessed + chat("later", begin=datetime(2024, 4, 25, 9), order="%m/%d/%Y")
    import_path(memory, write("WhatsApp Chat with Ana.txt", sure))
    assert memory.count() == 4
    assert {record.said_at.month for record in memory.scan() if record.said_at} == {4}
    import_path(memory, write("WhatsApp Chat with Ana.txt", guessed))
    assert memory.count() == 4
    assert {record.said_at.month for record in memory.scan() if record.said_at} == {4}


def test_a_file_that_lies_in_another_folder_now_is_the_same(memory: Memory, write: Write) -> None:
    text = "# Lease\n\n" + "The studio costs 450 euros a month.\n\n" * 3
    import_path(memory, write("notes/lease.md", text))
    for name in ("notes/lease.md", "moved/lease.md"):
        assert import_path(memory, write(name, text)).added == {"default": 0}
    folder = write("archive/2024/lease.md", text).parents[1]
    assert import_path(memory, folder).added == {"default": 0}
    assert len(memory.sources()) == 1


def test_files_of_one_name_with_other_words_are_two(memory: Memory, write: Write) -> None:
    a = write("a/README.md", "# Kiln\n\nFires at noon.\n").parent
    b = write("b/README.md", "# Glaze\n\nDries at night.\n").parent
    import_path(memory, a)
    assert import_path(memory, b).added == {"default": 1}
    assert len(memory.sources()) == 2


def test_the_report_tells_who_spoke_when(memory: Memory, write: Write) -> None:
    content = FIRST + chat("fine", by="Bo", begin=NOON + timedelta(days=1))
    report = import_path(memory, write("WhatsApp Chat with Ana.txt", content))
    assert report.people == {"Ana": 4, "Bo": 1}
    assert report.sources == 1
    assert report.first is not None
    assert report.last is not None
    assert (report.last - report.first).days == 1


KAKAO = (
    "Ana 님과 카카오톡 대화\n저장한 날짜 : 2024-07-02 10:00:00\n\n"
    "--------------- 2024년 7월 1일 월요일 ---------------\n"
    + "".join(f"[Ana] [오후 9:0{minute}] words {minute}\n" for minute in range(5))
)


def test_a_chat_whose_file_is_called_after_the_day_of_saving_is_one(
    memory: Memory, write: Write
) -> None:
    import_path(memory, write("KakaoTalk_20240702.txt", KAKAO))
    grown = f"{KAKAO}[Ana] [오후 9:30] more\n".replace("2024-07-02 10", "2024-08-02 10")
    report = import_path(memory, write("KakaoTalk_20240802.txt", grown))
    assert report.added == {"default": 1}
    assert len(memory.sources()) == 1


def test_a_chat_in_a_renamed_file_is_found_by_what_both_say(memory: Memory, write: Write) -> None:
    said = [f"words {number}" for number in range(12)]
    import_path(memory, write("WhatsApp Chat with Ana.txt", chat(*said)))
    renamed = write("WhatsApp Chat with Ana Lima.txt", chat(*said, "new"))
    assert import_path(memory, renamed).added == {"default": 1}
    assert len(memory.sources()) == 1


def test_another_chat_of_the_same_hours_stays_another(memory: Memory, write: Write) -> None:
    import_path(memory, write("WhatsApp Chat with Ana.txt", FIRST))
    assert import_path(memory, write("WhatsApp Chat with Bo.txt", OTHER)).added == {"default": 4}
    assert len(memory.sources()) == 2


def test_notices_do_not_move_the_messages_of_their_minute(memory: Memory, write: Write) -> None:
    import_path(memory, write("KakaoTalk.txt", KAKAO))
    left = KAKAO.replace("[Ana] [오후 9:01]", "Cy님이 나갔습니다.\n[Ana] [오후 9:01]")
    assert import_path(memory, write("KakaoTalk.txt", left)).added == {"default": 0}


class Looked(dict[str, SourceInfo]):
    """Sources by name that count how often somebody goes through all of them."""

    times = 0

    def __iter__(self) -> Iterator[str]:
        self.times += 1
        return super().__iter__()


def test_sources_are_not_gone_through_for_each_new_one(memory: Memory) -> None:
    old = [Record(f"mail/{n}@x#1", f"mail/{n}@x", 0, f"Old letter {n}") for n in range(50)]
    memory.add_records(old)
    known = Looked((each.source, each) for each in memory.sources())
    names = Names(memory, known)
    new = [Record(f"mail/{n}@y#1", f"mail/{n}@y", 0, f"New letter {n}") for n in range(50)]
    assert names.named(new) == new
    assert known.times <= 1


def test_of_many_files_of_one_name_each_is_found_in_its_new_folder(
    memory: Memory, write: Write, tmp_path: Path
) -> None:
    for n in range(30):
        write(f"one/{n}/README.md", f"# Part {n}\n\nWords of part {n}.\n")
    first = import_path(memory, tmp_path / "one")
    (tmp_path / "one").rename(tmp_path / "two")
    second = import_path(memory, tmp_path / "two")
    assert sum(first.added.values()) == 30
    assert (sum(second.added.values()), sum(second.unchanged.values())) == (0, 30)


# The same chat in another form of export.

ANDROID = "\n".join(
    (
        "20/07/2024, 12:00 - Ana: the pot is blue",
        "20/07/2024, 12:00 - Ana: ok",
        "20/07/2024, 12:00 - Ana: ok",
        "20/07/2024, 12:07 - Ben: and the lid is red",
        "21/07/2024, 09:30 - Ana: bring salt",
    )
)
IPHONE = "\n".join(
    (
        "[20/07/2024, 12:00:05] Ana: the pot is blue",
        "[20/07/2024, 12:00:09] Ana: ok",
        "[20/07/2024, 12:00:41] Ana: ok",
        "[20/07/2024, 12:07:30] Ben: and the lid is red",
        "[21/07/2024, 09:30:00] Ana: bring salt",
    )
)
LATER = "[22/07/2024, 08:00:12] Ben: ok"


def zipped(path: Path, content: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_chat.txt", content)
    return path


@pytest.mark.parametrize("name", ["WhatsApp Chat - Ana.zip", "renamed.zip"])
@pytest.mark.parametrize("is_phone_first", [False, True])
def test_a_chat_of_another_phone_is_the_same_minute_by_minute(
    memory: Memory, write: Write, tmp_path: Path, name: str, is_phone_first: bool
) -> None:
    text = write("WhatsApp Chat with Ana.txt", ANDROID)
    phone = zipped(tmp_path / name, IPHONE)
    first, second = (phone, text) if is_phone_first else (text, phone)
    assert import_path(memory, first).added == {"default": 5}
    report = import_path(memory, second)
    assert (report.added, report.unchanged) == ({"default": 0}, {"default": 5})
    assert len(memory.sources()) == 1
    if not is_phone_first:
        longer = zipped(tmp_path / name, f"{IPHONE}\n{LATER}")
        assert import_path(memory, longer).added == {"default": 1}


def test_what_somebody_says_twice_in_a_minute_is_kept_twice(
    memory: Memory, write: Write, tmp_path: Path
) -> None:
    once = ANDROID.replace("20/07/2024, 12:00 - Ana: ok\n", "", 1)
    import_path(memory, write("WhatsApp Chat with Ana.txt", once))
    report = import_path(memory, zipped(tmp_path / "WhatsApp Chat - Ana.zip", IPHONE))
    assert report.added == {"default": 1}
    assert texts(memory).count("ok") == 2


def test_the_same_words_of_another_person_or_minute_are_another_message(
    memory: Memory, write: Write, tmp_path: Path
) -> None:
    import_path(memory, write("WhatsApp Chat with Ana.txt", ANDROID))
    other = IPHONE.replace("] Ben: and", "] Cem: and").replace("09:30:00", "09:31:00")
    report = import_path(memory, zipped(tmp_path / "WhatsApp Chat - Ana.zip", other))
    assert report.added == {"default": 2}


def test_a_telegram_chat_is_the_same_as_a_page_and_as_json(memory: Memory, write: Write) -> None:
    said = [("Ana", "the pot is blue"), ("Ben", "and the lid is red"), ("Ana", "come at nine")]
    stamps = [f"2024-07-20T12:0{minute}:30" for minute in range(3)]
    chat = {
        "name": "Ana",
        "type": "personal_chat",
        "id": 4711,
        "messages": [
            {
                "id": number,
                "type": "message",
                "date": stamp,
                "date_unixtime": str(int(datetime.fromisoformat(stamp).timestamp())),
                "from": who,
                "text": text,
            }
            for number, ((who, text), stamp) in enumerate(zip(said, stamps, strict=True), 1)
        ],
    }
    page = "".join(
        f'<div class="message default clearfix" id="message{number}"><div class="body">'
        f'<div class="pull_right date details" title="20.07.2024 {stamp[11:]}">x</div>'
        f'<div class="from_name">{who}</div><div class="text">{text}</div></div></div>'
        for number, ((who, text), stamp) in enumerate(zip(said, stamps, strict=True), 1)
    )
    head = '<div class="page_header">Ana</div><div class="page_body chat_page">'
    import_path(memory, write("result.json", chat))
    report = import_path(memory, write("messages.html", f"<html>{head}{page}</div></html>"))
    assert report.problems == ()
    assert (report.added, report.unchanged) == ({"default": 0}, {"default": 3})

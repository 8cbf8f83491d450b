"""A history of some years, as people have one: chats, notes and a document in several scripts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from remem.store import Record

__all__ = ["history"]

_HERE = timezone(timedelta(hours=2))

_TALKS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "moving house": (
        "2022-03-14T19:20",
        (
            ("Nora", "We got the keys today! The flat is on Harbour Street, fourth floor."),
            ("Ravi", "Finally. When does the lease begin?"),
            ("Nora", "On the first of April, and the rent is 940 a month."),
            ("Ravi", "I can lend you the van on the second of April."),
            ("Nora", "That would be wonderful 🎉 the spare key is with Mrs Okafor downstairs."),
        ),
    ),
    "the dog": (
        "2023-06-02T08:05",
        (
            ("Nora", "The greyhound has a name now: Biscuit."),
            ("Ravi", "Biscuit! Does she already sleep through the night?"),
            ("Nora", "She does, at the foot of the bed 🐕‍🦺. The vet is Dr. Lindqvist."),
            ("Ravi", "Is she vaccinated?"),
            ("Nora", "Last Tuesday. The next shot is due in June 2024."),
        ),
    ),
    "上海的朋友": (
        "2024-02-11T21:40",
        (
            ("李娜", "新年快乐！我们下个月搬到杭州，新地址是西湖区文三路。"),
            ("Nora", "恭喜！什么时候方便去看你们？"),
            ("李娜", "四月清明节之后最好，家里的茶园也开始采龙井了。"),
        ),
    ),
    "مع سلمى": (
        "2024-09-05T17:15",
        (
            ("سلمى", "وصلت إلى عمّان أمس، والجو حار جداً."),
            ("Nora", "Wonderful, send me a picture of the old town!"),
            ("سلمى", "سأرسل الصور غداً من البتراء إن شاء الله."),
        ),
    ),
    "kiln": (
        "2025-05-20T10:00",
        (
            ("Nora", "The kiln broke again; the thermostat is from 1998."),
            ("Ravi", "Ask Tom Baker, he repaired mine for 120."),
            ("Nora", "Tom comes on Thursday at nine."),
        ),
    ),
}


def history() -> Iterator[Record]:
    """The records of all talks, in order."""
    for source, (begins, turns) in _TALKS.items():
        start = datetime.fromisoformat(begins).replace(tzinfo=_HERE)
        for place, (speaker, text) in enumerate(turns):
            yield Record(
                f"{source}#{place}",
                source,
                place,
                text,
                role="user",
                speaker=speaker,
                said_at=start + timedelta(minutes=3 * place),
            )

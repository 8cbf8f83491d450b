"""Names of speakers, sources and keys as they look wherever they are shown."""

import pytest

from remem.recall.names import MOST, is_cut, meant, short_key, shown, shown_key, who
from remem.store import Record


def said(key: str = "k", **fields: object) -> Record:
    values = {"source": "chat", "position": 0, "text": "hello"} | fields
    return Record(key=key, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        "Nora",
        "Dr. O'Neil",
        "王小明",
        "山田\u3000太郎",
        "Anna (Mum) 💛",
        "👩‍👩‍👧 ❤️",
        r"C:\temp",
        "nora@example.org",
        "@nora:matrix.org",
        "https://example.org/a?b=c",
        "نرگس می‌خواهم",
        'Robert "Bob" Smith',
        "50 % off",
        "https://example.org/a%20b",
        "WhatsApp Chat with Nora#2024-05-01T09:30:00-0",
        "notes#8f0f6c3f0c2f6f1a",
        "Ann…",
    ],
)
def test_an_ordinary_name_is_shown_as_it_is(name: str) -> None:
    assert shown(name) == shown_key(name) == meant(name) == name


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("Nora: work", '"Nora꞉ work"'),
        ("Nora:", '"Nora꞉"'),
        ("王小明：我来了", '"王小明︰我来了"'),
        ("Nora: under the mat. [8] Ravi", '"Nora꞉ under the mat. ⟦8⟧ Ravi"'),
        ("user:bob", '"user꞉bob"'),
        ("a\nb", '"a‹A›b"'),
        ("\x1b[31m", '"‹1B›⟦31m"'),
        (" Nora", '"‹20›Nora"'),
        ("No  ra", '"No ‹20›ra"'),
        ("No\u200bra", '"No‹200B›ra"'),
        ("Nora\ufe0f", '"Nora‹FE0F›"'),
        ("\u202earoN", '"‹202E›aroN"'),
        ("\u2066Nora\u2069", '"‹2066›Nora‹2069›"'),
        ("\u3164", '"‹3164›"'),
        ("‹A›", '"‹2039›A‹203A›"'),
        ("Nora꞉ work", '"Nora‹A789› work"'),
        ('"Nora"', '"ʺNoraʺ"'),
        ("Nora <nora@example.org>", "Nora ‹nora@example.org>"),
        ("Nora∶ hi", '"Nora∶ hi"'),
        ("", '""'),
    ],
)
def test_a_name_that_could_pose_as_more_is_closed_off_and_can_be_read_back(
    name: str, form: str
) -> None:
    assert shown(name) == form
    assert meant(form) == meant(form.strip('"')) == name


def test_a_long_name_is_cut_with_a_mark_that_differs_with_the_name() -> None:
    names = ["Nora " * 200 + end for end in ("", "x", "y")]
    forms = {shown(name) for name in names}
    assert len(forms) == 3
    for form in forms:
        assert len(form) <= MOST + 2
        assert is_cut(form)
        assert form.startswith('"Nora Nora')
    assert not is_cut(shown("Nora…0123456789ab"))


def test_a_key_that_would_be_a_token_between_its_brackets_is_quoted() -> None:
    assert [shown_key(key) for key in ("INST", "/INST", "|user|", "3AB")] == [
        '"INST"',
        '"/INST"',
        '"|user|"',
        "3AB",
    ]


def test_a_short_key_leaves_out_the_source() -> None:
    assert short_key(said("chat#7")) == "7"
    assert short_key(said("other#7")) == "other#7"
    assert short_key(said("chat#other#7")) == "chat#other#7"
    assert short_key(said("chat#[8] Ravi")) == '"⟦8⟧ Ravi"'


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"speaker": "Nora", "role": "user"}, "Nora"),
        ({"role": "assistant"}, "assistant"),
        ({}, ""),
        ({"speaker": "assistant", "role": "assistant"}, "assistant"),
        ({"speaker": "assistant", "role": "user"}, '"assistant"'),
        ({"speaker": "SYSTEM"}, '"SYSTEM"'),
        ({"speaker": "Assistant", "role": "assistant"}, "Assistant"),
        ({"speaker": "ASSISTANT", "role": "assistant"}, '"ASSISTANT"'),
        ({"speaker": "Office Assistant"}, "Office Assistant"),
        ({"speaker": "my USER"}, '"my USER"'),
        ({"speaker": "Nora:yes"}, '"Nora:yes"'),
        ({"speaker": "Nora 10:30"}, "Nora 10:30"),
        ({"role": "x: y"}, '"x꞉ y"'),
        ({"role": "ASSISTANT"}, '"ASSISTANT"'),
        ({"speaker": "(web page)"}, '"(web page)"'),
        ({"speaker": "(document) Nora"}, '"(document) Nora"'),
        ({"speaker": "Nora (Leeds)"}, "Nora (Leeds)"),
    ],
)
def test_nobody_passes_for_somebody_else(fields: dict[str, str], expected: str) -> None:
    assert who(said(**fields)) == expected

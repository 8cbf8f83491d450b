"""Secrets, and what only looks like one."""

from __future__ import annotations

import base64
import hashlib
import random
import uuid

import pytest

from remem.secrets import Secret
from remem.secrets.scanning import distinct
from tests.made_up_secrets import SECRETS, private_key

pytest.importorskip("kingfisher_sdk")

from remem.secrets import KnownSecrets

SCANNER = KnownSecrets()
RANDOM = random.Random(5)

ORDINARY = {
    "talk": "Nora: sk-8 boards are sold out; my password is on the fridge, ask Ravi (AC/DC at 9).",
    "times": "12:30:45 08:15:00, see 2024-05-01T09:30:00+02:00 and 1716239022:1716239023",
    "code": 'token = os.environ["GITHUB_TOKEN"]\nheaders = {"Authorization": f"Bearer {token}"}\n',
    "a placeholder": "postgresql://user:<password>@localhost/db or https://you:$PASS@host/x",
    "words for a password": "mysql://root:password@localhost/test",
    "a UUID": str(uuid.UUID(int=RANDOM.getrandbits(128))),
    "SHA-1": hashlib.sha1(b"remem").hexdigest(),
    "SHA-256": "sha256:" + hashlib.sha256(b"remem").hexdigest(),
    "a commit": f"commit {hashlib.sha1(b'x').hexdigest()}\nAuthor: Nora <nora@example.org>",
    "IBANs": "DE89 3704 0044 0532 0130 00, GB29NWBK60161331926819, FR1420041010050500013M02606",
    "a picture": "![](data:image/png;base64,"
    + base64.b64encode(RANDOM.randbytes(60_000)).decode()
    + ")",
    "a public key": f"ssh-ed25519 {base64.b64encode(RANDOM.randbytes(51)).decode()} nora@laptop",
    "a certificate": private_key("CERTIFICATE"),
    "talk of keys": "It begins with -----BEGIN RSA PRIVATE KEY----- and then come lines of Base64.",
    "a long run and talk of keys": "-----END RSA PRIVATE KEY----- " + "a1B2" * 20,
    "talk of PuTTY": "PuTTY-User-Key-File-2: is how it begins, then " + "a1B2" * 20,
    "an address": "https://example.org:8443/a@b?c=d:e@f and ssh://git@example.org:22/x.git",
    "other scripts": "密码是什么？ Пароль: на холодильнике. كلمة السر على الثلاجة",
    "a phone": "+49 171 1234567, 0049-30-1234567890123456789012345",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("around", ["{}", "Zoë, mein Schlüssel: {}, gut?", "KEY='{}'\n", "({})"])
def test_all_of_a_secret_is_found_wherever_it_stands(secret: str, around: str) -> None:
    text = around.format(secret)
    rest = _without(text, SCANNER.find(text))
    assert _longest_common(secret.removeprefix("8437926155:"), rest) < 12


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("https://nora:kX9-vGq2mZ7w@db.example.org/x", "kX9-vGq2mZ7w"),
        ("redis://:kX9vGq2mZ7w@cache:6379/0", "kX9vGq2mZ7w"),
        ("aws_secret_access_key = wJq9rXUtnFEMIqK7MDENGabPxRfiCYq8Zk2LmNop", "wJq9rXUtnFEMIqK7"),
        ("TWILIO_AUTH_TOKEN=9f86d081884c7d659a2feaa0c55ad015", "9f86d081884c7d659a2feaa0c55ad015"),
        (f"AccountName=a;AccountKey={'Ab3+' * 21}Ab==;Suffix=x", "Ab3+Ab3+Ab3+"),
    ],
)
def test_what_stands_around_a_secret_stays(text: str, secret: str) -> None:
    found = SCANNER.find(text)
    assert len(found) == 1
    rest = _without(text, found)
    assert secret not in rest
    assert text.startswith(rest.partition("#")[0])
    assert text.endswith(rest.rpartition("#")[2])


@pytest.mark.parametrize("text", ORDINARY.values(), ids=ORDINARY)
def test_ordinary_text_holds_no_secret(text: str) -> None:
    assert [text[each.start : each.end][:40] for each in SCANNER.find(text)] == []


def test_a_private_key_without_its_end_is_found_as_far_as_its_lines_go() -> None:
    key = private_key()
    text = f"{key[: len(key) // 2]}\n\nThat is all, Ravi."
    assert _without(text, SCANNER.find(text)) == "#\n\nThat is all, Ravi."


def test_a_private_key_without_its_beginning_is_found() -> None:
    text = "So:\n" + private_key()[-500:]
    assert len(_without(text, SCANNER.find(text))) < 80  # a rest of the line that was cut


def test_a_private_key_in_json_is_found() -> None:
    text = '{"private_key": "' + private_key().replace("\n", "\\n") + '\\n", "kind": "x"}'
    assert _without(text, SCANNER.find(text)).startswith('{"private_key": "#')
    assert _without(text, SCANNER.find(text)).endswith('", "kind": "x"}')


def test_places_are_those_of_characters_not_of_bytes() -> None:
    secret = SECRETS["GitLab"]
    [found] = SCANNER.find(f"Zoë 鍵 🔑 {secret} ok")
    assert (found.start, found.end) == (8, 8 + len(secret))


def test_overlapping_secrets_are_one() -> None:
    spans = [("b", 5, 9), ("a", 0, 6), ("c", 20, 22), ("d", 20, 22)]
    assert distinct(spans) == [Secret("a", 0, 9), Secret("c", 20, 22)]


def _without(text: str, found: object) -> str:
    for each in sorted(found, key=lambda each: -each.start):  # type: ignore[call-overload]
        text = f"{text[: each.start]}#{text[each.end :]}"
    return text


def _longest_common(a: str, b: str) -> int:
    """Length of the longest piece of ``a`` that stands in ``b``."""
    return max(
        (n for n in range(1, len(b) + 1) if any(a[i : i + n] in b for i in range(len(a) - n + 1))),
        default=0,
    )


def test_a_key_of_putty_is_found_to_its_end() -> None:
    lines = private_key().splitlines()[1:14]
    text = "\n".join(
        [
            "PuTTY-User-Key-File-2: ssh-rsa",
            "Encryption: none",
            *("Public-Lines: 6", *lines[:6]),
            *("Private-Lines: 7", *lines[6:]),
            "Private-MAC: 0123456789abcdef0123456789abcdef01234567",
            "bye",
        ]
    )
    assert _without(text, SCANNER.find(text)) == "#\nbye"

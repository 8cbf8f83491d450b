from datetime import datetime, timezone
from zipfile import ZipFile

import pytest

USERS = [
    {"id": "U1", "name": "ana", "profile": {"real_name": "Ana Lima"}},
    {"id": "U2", "name": "bo", "real_name": "Bo"},
]


def message(text, ts, user="U1", **more):
    return {"type": "message", "user": user, "text": text, "ts": ts} | more


@pytest.fixture
def export(write):
    """A workspace folder with two channels; returns the folder."""

    def build(**days):
        folder = write("export/users.json", USERS).parent
        write("export/channels.json", [{"id": "C1", "name": "general"}])
        for name, messages in days.items():
            channel, day = name.split("__")
            write(f"export/{channel}/2024-01-{day}.json", messages)
        return folder

    return build


def test_a_source_is_a_channel_and_its_days_follow_each_other(read, export):
    folder = export(
        general__02=[message("third", "1704186000.000100")],
        general__01=[message("first", "1704099600.000100"), message("second", "1704099600.000200")],
        random__01=[message("else", "1704099600.000100", user="U2")],
    )
    reading = read(folder)
    assert reading.format == "Slack export"
    assert [(r.source, r.speaker, r.text) for r in reading.records] == [
        ("slack/general", "Ana Lima", "first"),
        ("slack/general", "Ana Lima", "second"),
        ("slack/general", "Ana Lima", "third"),
        ("slack/random", "Bo", "else"),
    ]
    first, second, third, _ = reading.records
    assert first.key == "slack/general#1704099600.000100"
    assert first.said_at == datetime(2024, 1, 1, 9, 0, 0, 100, timezone.utc)
    assert first.position < second.position < third.position


def test_positions_do_not_depend_on_where_the_export_begins(read, export):
    day = [message("a", "1704099600.000100"), message("b", "1704099600.000200")]
    whole = read(export(general__01=day)).records
    later = read(export(general__01=day[1:])).records
    assert (later[0].key, later[0].position) == (whole[1].key, whole[1].position)


def test_codes_in_a_text_become_what_people_saw(read, export):
    written = "<@U2> &amp; <#C1|general> <!here> <https://x.org|our page> <https://y.org> a &lt; b"
    assert read(export(general__01=[message(written, "1704099600.0001")])).texts == [
        "@Bo & #general @here our page (https://x.org) https://y.org a < b"
    ]


def test_a_reply_names_its_thread(read, export):
    reply = message("yes", "1704099700.000100", thread_ts="1704099600.000100")
    (record,) = read(export(general__01=[reply])).records
    assert record.metadata == {"thread": "1704099600.000100"}


def test_notices_are_left_out_and_words_of_bots_are_kept(read, export):
    day = [
        message("<@U1> has joined", "1704099600.0001", subtype="channel_join"),
        message("", "1704099600.0002", files=[{"name": "a.png"}]),
        message("*waves*", "1704099600.0003", subtype="me_message"),
        {
            "type": "message",
            "subtype": "bot_message",
            "username": "deploy",
            "text": "",
            "attachments": [{"fallback": "Deployed 1.2"}],
            "ts": "1704099600.0004",
        },
    ]
    reading = read(export(general__01=day))
    assert [(r.speaker, r.text) for r in reading.records] == [
        ("Ana Lima", "*waves*"),
        ("deploy", "Deployed 1.2"),
    ]
    assert reading.problems == []


def test_a_broken_day_or_message_is_reported_and_the_rest_is_read(read, write, export):
    folder = export(
        general__01=[message("a", "1704099600.0001"), message("b", "now"), 3],
        general__03=[message("c", "1704272400.0001")],
    )
    write("export/general/2024-01-02.json", "[{")
    reading = read(folder)
    assert reading.texts == ["a", "c"]
    assert [problem.path.name for problem in reading.problems] == [
        "2024-01-01.json",
        "2024-01-01.json",
        "2024-01-02.json",
    ]


def test_the_zip_is_read_like_the_folder(read, export, tmp_path):
    folder = export(general__01=[message("a", "1704099600.0001")])
    archive = tmp_path / "slack.zip"
    with ZipFile(archive, "w") as target:
        for file in folder.rglob("*.json"):
            target.write(file, file.relative_to(folder))
    assert read(archive).keys == read(folder).keys == ["slack/general#1704099600.0001"]


def said(read, write, users="users.json", **message):
    people = [{"id": "U1", "profile": {"real_name": "Ana Lima"}}]
    write(f"e/{users}", people)
    write("e/channels.json", [{"id": "C1", "name": "general"}, {"id": "C2", "name": "kitchen"}])
    day = [{"type": "message", "user": "U1", "ts": "1704099600.000100", "text": ""} | message]
    return read(write("e/general/2024-01-01.json", day).parents[1])


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("<#C2|>", "#kitchen"),
        ("<#C2>", "#kitchen"),
        ("<#C9|>", "#C9"),
        ("<#C2|pantry>", "#pantry"),
        ("<tel:+351555|+351 555>", "+351 555"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<!date^1704153600^{date_short}|Jan 2, 2024>", "Jan 2, 2024"),
        ("<!subteam^S1|@cooks>", "@cooks"),
        ("<!here|@here>", "@here"),
        ("<!channel>", "@channel"),
        ("<https://x.example/menu|menu>", "menu (https://x.example/menu)"),
        ("<https://x.example|x.example>", "https://x.example"),
    ],
)
def test_codes_are_read_as_they_were_seen(read, write, code, seen):
    assert said(read, write, text=code).texts == [seen]


RICH = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [
                {"type": "text", "text": "ask "},
                {"type": "user", "user_id": "U1"},
                {"type": "text", "text": " in "},
                {"type": "channel", "channel_id": "C2"},
                {"type": "emoji", "name": "wave"},
                {"type": "link", "url": "https://x.example", "text": "here"},
            ],
        },
        {
            "type": "rich_text_list",
            "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "figs"}]}
            ],
        },
    ],
}
FIELDS = [{"title": "Status", "value": "Done"}]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"blocks": [RICH]}, "ask @Ana Lima in #kitchen:wave:here (https://x.example)\n- figs"),
        ({"blocks": [{"type": "header", "text": {"text": "Attic"}}]}, "Attic"),
        (
            {"blocks": [{"type": "section", "fields": [{"type": "mrkdwn", "text": "*It* red"}]}]},
            "It red",
        ),
        ({"attachments": [{"title": "KEY-7", "fields": FIELDS}]}, "KEY-7\nStatus: Done"),
        ({"attachments": [{"fallback": "only this"}]}, "only this"),
        (
            {"text": "look", "attachments": [{"is_share": True, "text": "rent is up"}]},
            "look\nrent is up",
        ),
        (
            {"text": "a b", "blocks": [{"type": "section", "text": {"text": "a *b*"}}]},
            "a b",
        ),
        (
            {
                "text": "This content can't be displayed.",
                "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "Lunch?"}}],
            },
            "Lunch?",
        ),
        (
            {
                "text": "see",
                "attachments": [
                    {"from_url": "https://x", "service_name": "X", "title": "A page", "text": "ad"}
                ],
            },
            "see",
        ),
        (
            {"files": [{"transcription": {"preview": {"content": "water the beans"}}}]},
            "water the beans",
        ),
    ],
)
def test_words_are_found_wherever_a_message_has_them(read, write, message, words):
    assert said(read, write, **message).texts == [words]


@pytest.mark.parametrize(
    "subtype", ["tombstone", "joiner_notification", "channel_join", "ekm_access_denied"]
)
def test_words_of_slack_are_nobodys(read, write, subtype):
    assert said(read, write, subtype=subtype, text="Ana joined Slack").records == []


@pytest.mark.parametrize("users", ["users.json", "org_users.json"])
def test_an_export_of_an_organization_is_known(read, write, users):
    reading = said(read, write, users, text="hi", ts=1704099600.0001)
    assert (reading.format, reading.records[0].speaker) == ("Slack export", "Ana Lima")

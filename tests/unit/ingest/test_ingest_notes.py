"""Notes with front matter and links, tables that are documents, transcripts with times."""

from datetime import datetime, timedelta, timezone

import pytest

from remem.ingest.notes import front_matter

NOTE = """---
title: The lease
date: 2024-03-01
tags: [home, "#money"]
aliases:
  - Rent
  - "[[Flat]]"
cssclass: wide
---

# Rent

700 euros, see [[Ana Lima|Ana]], [[Lease 2024#Deposit]] and ![[photo.png]].

## Again

[[Ana Lima]]
"""
DAY = datetime(2024, 3, 1, tzinfo=timezone.utc)


def test_front_matter_is_known_of_every_passage(read, write):
    records = read(write("vault/lease.md", NOTE)).records
    assert all(record.metadata["tags"] == ["home", "money"] for record in records)
    assert all(record.metadata["aliases"] == ["Rent", "Flat"] for record in records)
    assert {record.said_at for record in records} == {DAY}
    assert {record.metadata["headings"][0] for record in records} == {"The lease"}


def test_links_are_known_of_the_passage_that_has_them(read, write):
    records = read(write("vault/lease.md", NOTE)).records
    found = [record.metadata.get("links") for record in records if "links" in record.metadata]
    assert found == [["Flat"], ["Ana Lima", "Lease 2024"], ["Ana Lima"]]


def test_no_word_of_a_note_is_lost(read, write):
    words = "".join("\n".join(read(write("lease.md", NOTE)).texts).split())
    assert words == "".join(NOTE.split())


@pytest.mark.parametrize(
    "text",
    ["", "---\n", "---\ntitle: x\n", "# no\n---\ntitle: x\n---\n", "---\n\n---\n", "text"],
)
def test_what_is_no_front_matter_says_nothing(text):
    known = front_matter(text)
    assert (known.title, known.said_at, known.metadata) == ("", None, {})


def test_pictures_of_a_vault_are_left_out_quietly(read, write):
    write("vault/.obsidian/app.json", "{}")
    write("vault/photo.png", b"\x89PNG")
    path = write("vault/lease.md", NOTE).parent
    assert read(path).problems == []


def test_a_table_of_other_things_is_a_document(read, write):
    rows = 'City;Rent;Notes\nFaro;450;"by the station;\nsunny"\nOlhão;400;\n'
    reading = read(write("flats.csv", rows))
    assert reading.format == "document"
    assert "City: Faro\nRent: 450\nNotes: by the station;\nsunny" in reading.texts[0]
    assert "City: Olhão\nRent: 400" in reading.texts[0]


MEETING = """WEBVTT

NOTE made by a program

1
00:00:01.000 --> 00:00:03.500
<v Ana Lima>I moved to <i>Faro</i></v>

2
00:00:03.500 --> 00:00:05.000
<v Ana Lima>by the station &amp; the sea</v>

3
00:01:00.000 --> 00:01:02.000
<v Bo>Already?</v>
"""
ZOOM = """WEBVTT\r
\r
1\r
00:00:01.000 --> 00:00:03.500\r
Ana Lima: I moved to Faro\r
\r
2\r
00:00:03.500 --> 00:00:05.000\r
Ana Lima: by the station & the sea\r
\r
3\r
00:01:00.000 --> 00:01:02.000\r
Bo: Already?\r
"""


@pytest.mark.parametrize("content", [MEETING, ZOOM], ids=["voices", "names"])
def test_a_meeting_is_turns_of_who_spoke(read, write, content):
    reading = read(write("GMT20240701-140000_Recording.transcript.vtt", content))
    began = datetime(2024, 7, 1, 14, tzinfo=timezone.utc)
    assert [(r.speaker, r.text, r.said_at, r.metadata["at"]) for r in reading.records] == [
        (
            "Ana Lima",
            "I moved to Faro by the station & the sea",
            began + timedelta(seconds=1),
            "0:00:01",
        ),
        ("Bo", "Already?", began + timedelta(minutes=1), "0:01:00"),
    ]


def test_subtitles_of_a_film_are_a_document(read, write):
    text = (
        "1\n00:00:01,000 --> 00:00:03,500\n{\\an8}<i>I moved</i>\nto Faro\n\n"
        "2\n00:00:03,500 --> 00:00:05,000\nNo.\n\n3\n00:00:05,500 --> 00:00:07,000\nNo.\n\n"
        "4\n00:01:03,500 --> 00:01:05,000\nWarning: rain\n"
    )
    reading = read(write("film.srt", text))
    (record,) = reading.records
    assert record.kind == "passage"
    assert record.text.split() == "I moved to Faro No. No. Warning: rain".split()


def test_captions_that_roll_are_read_once(read, write):
    text = (
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n \nI moved<00:00:01.000><c> to</c>\n\n"
        "00:00:02.000 --> 00:00:02.010\nI moved to\n \n\n"
        "00:00:02.010 --> 00:00:04.000\nI moved to\nFaro<00:00:03.000><c> today</c>\n\n"
        "00:00:04.000 --> 00:00:04.010\nFaro today\n \n"
    )
    reading = read(write("video.en.vtt", text))
    assert " ".join(reading.texts).split() == "I moved to Faro today".split()

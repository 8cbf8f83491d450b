"""LoCoMo, LongMemEval and BEIR: what was said goes in, what grades an answer stays out."""

import gzip
import json
from datetime import datetime, timezone

import pytest

from remem.ingest import Item, detect_reader
from tests.development_data import DATA

LOCOMO = [
    {
        "qa": [{"question": "GOLD question", "answer": "GOLD answer", "evidence": ["D1:1"]}],
        "event_summary": {"events_session_1": ["GOLD"]},
        "session_summary": {"session_1_summary": "GOLD"},
        "conversation": {
            "speaker_a": "Ana",
            "speaker_b": "Bo",
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [
                {"speaker": "Ana", "dia_id": "D1:1", "text": "Hey Bo!"},
                {
                    "speaker": "Bo",
                    "dia_id": "D1:2",
                    "text": "Look at this.",
                    "blip_caption": "a dog on a beach",
                    "query": "GOLD",
                    "img_url": ["x"],
                },
            ],
            "session_2_date_time": "12:05 am on 1 June, 2023",
            "session_2": [{"speaker": "Ana", "dia_id": "D2:1", "text": "Hi again"}],
            "session_10_date_time": "10:00 am on 9 June, 2023",
            "session_10": [{"speaker": "Bo", "dia_id": "D10:1", "text": "Bye"}],
        },
        "sample_id": "conv-1",
    }
]

LONGMEMEVAL = [
    {
        "question_id": "q1",
        "question": "GOLD question",
        "answer": "GOLD answer",
        "answer_session_ids": ["answer_GOLD"],
        "haystack_dates": ["2023/05/20 (Sat) 02:21", ""],
        "haystack_session_ids": ["x1", "answer_GOLD"],
        "haystack_sessions": [
            [{"role": "user", "content": "I like tea"}, {"role": "assistant", "content": "Good"}],
            [{"role": "user", "content": "I moved to Oslo", "has_answer": True}],
        ],
    }
]


def everything(reading):
    return json.dumps(
        [
            [r.key, r.source, r.text, r.speaker, r.role, dict(r.metadata), item.namespace]
            for item in reading.items
            for r in [item.record]
        ]
    )


def test_locomo_turns_keep_conversation_session_speaker_and_time(read, write):
    reading = read(write("locomo.json", LOCOMO))
    assert reading.format == "LoCoMo"
    assert {item.namespace for item in reading.items} == {"conv-1"}
    assert reading.keys == [
        "session-01#D1:1",
        "session-01#D1:2",
        "session-02#D2:1",
        "session-10#D10:1",
    ]
    assert [record.speaker for record in reading.records] == ["Ana", "Bo", "Ana", "Bo"]
    assert [record.said_at for record in reading.records[1:3]] == [
        datetime(2023, 5, 8, 13, 56, tzinfo=timezone.utc),
        datetime(2023, 6, 1, 0, 5, tzinfo=timezone.utc),
    ]


def test_a_shared_photo_can_be_found_by_its_caption(read, write):
    photo = read(write("locomo.json", LOCOMO)).records[1]
    assert photo.text == "Look at this.\n[shares a photo: a dog on a beach]"


def test_a_session_with_a_wrong_time_is_reported_and_the_others_are_read(read, write):
    broken = json.loads(json.dumps(LOCOMO))
    broken[0]["conversation"]["session_2_date_time"] = "some day in June"
    reading = read(write("locomo.json", broken))
    assert len(reading.records) == 3
    assert "session_2 of conv-1" in reading.problems[0].reason


@pytest.mark.parametrize("name", ["longmemeval.json", "longmemeval.json.gz"])
def test_longmemeval_sessions_are_named_by_their_place(read, write, name):
    data = json.dumps(LONGMEMEVAL).encode()
    reading = read(write(name, gzip.compress(data) if name.endswith("gz") else data))
    assert reading.format == "LongMemEval"
    assert reading.keys == ["session-001#0", "session-001#1", "session-002#0"]
    assert {item.namespace for item in reading.items} == {"q1"}
    assert [record.role for record in reading.records] == ["user", "assistant", "user"]
    assert [record.said_at for record in reading.records[1:]] == [
        datetime(2023, 5, 20, 2, 21, tzinfo=timezone.utc),
        None,
    ]


@pytest.mark.parametrize("data", [LOCOMO, LONGMEMEVAL])
def test_nothing_that_grades_an_answer_reaches_a_record(read, write, data):
    read_in = everything(read(write("data.json", data)))
    assert "GOLD" not in read_in
    assert "answer" not in read_in.replace("has_answered", "")


def test_a_corpus_gives_a_source_for_each_document_and_leaves_queries_alone(read, write):
    corpus = [
        {"_id": "d1", "title": "Tea", "text": "Tea is a plant."},
        {"_id": "d2", "title": "Only a title", "text": ""},
        {"_id": "d3", "title": "", "text": "No title."},
    ]
    path = write("set/corpus.jsonl", "".join(json.dumps(each) + "\n" for each in corpus) + "oops\n")
    write("set/queries.jsonl", '{"_id": "q1", "text": "GOLD"}\n')
    write("set/qrels/test.tsv", "GOLD")
    reading = read(path.parent)
    assert reading.format == "BEIR collection"
    assert [(r.source, r.text, r.metadata) for r in reading.records] == [
        ("d1", "Tea is a plant.", {"headings": ["Tea"]}),
        ("d2", "Only a title", {"headings": ["Only a title"]}),
        ("d3", "No title.", {}),
    ]
    assert [problem.line for problem in reading.problems] == [4]


def test_a_folder_of_collections_never_reads_queries(read, write):
    write("sets/a/corpus.jsonl", '{"_id": "d", "title": "t", "text": "x"}\n')
    write("sets/a/queries.jsonl", '{"_id": "q1", "text": "GOLD", "metadata": {}}\n')
    reading = read(write("sets/a/qrels/test.tsv", "q1\td\t1\n").parents[2])
    assert reading.texts == ["x"]
    assert reading.problems == []


@pytest.mark.skipif(not DATA.is_dir(), reason="optional: needs the development data")
@pytest.mark.parametrize(
    ("name", "records", "sources", "namespaces"),
    [
        ("locomo/locomo5_dev.json", 2760, 128, 5),
        ("longmemeval/longmemeval_s_3_items.json.gz", 1475, 142, 3),
        ("beir/cmrc2018-trial", 462, 256, 1),
    ],
)
def test_the_published_files_are_read_whole(name, records, sources, namespaces):
    items = list(detect_reader(DATA / name).read(DATA / name))
    assert all(isinstance(item, Item) for item in items)
    assert len(items) == records
    assert len({(item.namespace, item.record.key) for item in items}) == records
    assert len({(item.namespace, item.record.source) for item in items}) == sources
    assert len({item.namespace for item in items}) == namespaces

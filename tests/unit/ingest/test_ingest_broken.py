"""However an export is broken, readers yield Problems and never raise."""

import json
from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remem.ingest import (
    BeirReader,
    ChatGPTReader,
    ClaudeReader,
    Item,
    LocomoReader,
    LongMemEvalReader,
    MessagesReader,
    Problem,
    TelegramReader,
)

CHATGPT = [
    {
        "title": "t",
        "conversation_id": "c",
        "current_node": "a",
        "mapping": {
            "r": {"id": "r", "parent": None, "children": ["a"], "message": None},
            "a": {
                "id": "a",
                "parent": "r",
                "children": [],
                "message": {
                    "id": "a",
                    "author": {"role": "user", "name": None},
                    "create_time": 1.0,
                    "content": {"content_type": "text", "parts": ["hi", {"text": "x"}]},
                    "metadata": {},
                    "recipient": "all",
                },
            },
        },
    }
]
CLAUDE = [
    {
        "uuid": "c",
        "name": "n",
        "chat_messages": [
            {
                "uuid": "m",
                "text": "hi",
                "content": [{"type": "text", "text": "hi"}],
                "sender": "human",
                "created_at": "2024-01-01T00:00:00Z",
                "attachments": [{"file_name": "f", "extracted_content": "words"}],
            }
        ],
    }
]
TELEGRAM = {
    "name": "n",
    "type": "personal_chat",
    "id": 1,
    "messages": [
        {
            "id": 1,
            "type": "message",
            "date": "2024-01-01T00:00:00",
            "date_unixtime": "1704067200",
            "from": "Ana",
            "text": ["a", {"type": "bold", "text": "b"}],
        }
    ],
}
LOCOMO = [
    {
        "sample_id": "s",
        "conversation": {
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [{"speaker": "A", "dia_id": "D1:1", "text": "x", "blip_caption": "y"}],
        },
    }
]
LONGMEMEVAL = [
    {
        "question_id": "q",
        "haystack_dates": ["2023/05/20 (Sat) 02:21"],
        "haystack_sessions": [[{"role": "user", "content": "x"}]],
    }
]
MESSAGES = [
    {
        "role": "user",
        "content": [{"type": "text", "text": "x"}],
        "time": 1.0,
        "name": "n",
        "id": "i",
        "session": "s",
        "metadata": {"a": 1},
    },
    {"messages": [{"role": "user", "content": "x"}], "id": "s"},
]
BEIR = {"_id": "d", "title": "t", "text": "x"}

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.just("\ud800"),
    st.just([]),
    st.just({}),
    st.just([None, 1, {"text": 3}]),
    st.just({"a": {"b": []}}),
)


def places(value, path=()):
    """Paths of all values inside a JSON value."""
    yield path
    names = value.keys() if isinstance(value, dict) else range(len(value))
    for name in names:
        if isinstance(value[name], (dict, list)):
            yield from places(value[name], (*path, name))
        else:
            yield (*path, name)


def put(data, path, junk):
    """A copy of the data with one value replaced."""
    if not path:
        return junk
    data = deepcopy(data)
    holder = data
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = junk
    return data


@pytest.mark.parametrize(
    ("reader", "name", "data"),
    [
        (ChatGPTReader(), "conversations.json", CHATGPT),
        (ClaudeReader(), "conversations.json", CLAUDE),
        (TelegramReader(), "result.json", TELEGRAM),
        (LocomoReader(), "locomo.json", LOCOMO),
        (LongMemEvalReader(), "longmemeval.json", LONGMEMEVAL),
        (MessagesReader(), "messages.json", MESSAGES),
        (BeirReader(), "corpus.jsonl", BEIR),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
@given(choices=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_wrong_value_anywhere_never_stops_a_reader(read, write, reader, name, data, choices):
    path = choices.draw(st.sampled_from([place for place in places(data) if place]))
    path = write(name, json.dumps(put(data, path, choices.draw(JUNK))))
    reader.detect(path)
    assert all(isinstance(one, (Item, Problem)) for one in reader.read(path))


@pytest.mark.parametrize(
    ("reader", "name", "data"),
    [
        (ChatGPTReader(), "conversations.json", CHATGPT),
        (TelegramReader(), "result.json", TELEGRAM),
        (MessagesReader(), "messages.json", MESSAGES),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
@given(cut=st.floats(0, 0.999), junk=st.binary(max_size=8))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_in_the_middle_gives_a_problem(read, write, reader, name, data, cut, junk):
    whole = json.dumps(data).encode()
    path = write(name, whole[: int(len(whole) * cut)] + b"\x01" + junk)
    reader.detect(path)
    assert any(isinstance(one, Problem) for one in reader.read(path))

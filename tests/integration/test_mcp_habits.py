"""Arguments as models write them, over a real server on each road.

All calls are made in one connection, and each test looks at one answer. The first ones are those
that made other servers fail in public.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

pytest.importorskip("mcp")

from mcp import MCPError

from remem import Memory
from remem.store import Record
from remem.testing import HashEncoder
from tests.mcp_clients import over_http, over_stdio, run

Call = tuple[str, dict[str, Any]]

NOW = datetime.now().astimezone()
QUESTION = {"question": "Where is the spare key?"}
PLUMS = {"role": "user", "content": "I like plums"}
FOUND = "The spare key is at the bakery."
LONG_AGO = "The spare key was at the castle."

RECALL: dict[str, dict[str, Any]] = {
    "k is null": {"k": None},
    "k is a string": {"k": "5"},
    "k is a float": {"k": 5.0},
    "k is empty": {"k": ""},
    "all are null": dict.fromkeys(("k", "speaker", "source", "since", "until")),
    "all are empty": dict.fromkeys(("speaker", "source", "since", "until"), ""),
    "all are null in quotes": dict.fromkeys(("k", "speaker", "source", "since", "until"), "null"),
    "an empty list": {"source": []},
}
"""Found: everything."""
SINCE: dict[str, dict[str, Any]] = {
    "yesterday": {"since": "yesterday"},
    "last week": {"since": "last week"},
    "days ago": {"since": "3 days ago"},
    "a date": {"since": (NOW - timedelta(days=2)).date().isoformat()},
    "a moment without a zone": {
        "since": (NOW - timedelta(days=2)).replace(tzinfo=None).isoformat()
    },
    "until now": {"since": "yesterday", "until": "now"},
}
"""Found: what was said just now only."""
REMEMBER: dict[str, dict[str, Any]] = {
    "text is empty": {"text": "", "messages": [PLUMS]},
    "text is null": {"text": None, "messages": [PLUMS]},
    "messages are empty": {"text": "I like plums", "messages": []},
    "messages are an empty list in a string": {"text": "I like plums", "messages": "[]"},
    "content in parts": {
        "messages": [PLUMS | {"content": [{"type": "text", "text": "I like plums"}]}]
    },
    "content in strings": {"messages": [PLUMS | {"content": ["I like plums"]}]},
    "messages as JSON": {"messages": json.dumps([PLUMS])},
    "one message": {"messages": PLUMS},
    "a call of a tool": {"messages": [PLUMS, {"role": "assistant", "content": None}]},
    "a system message": {"messages": [{"role": "system", "content": "Be kind."}, PLUMS]},
    "other names of roles": {"messages": [PLUMS | {"role": "Human"}]},
    "null inside": {"messages": [PLUMS | {"name": None, "time": ""}]},
    "a name that is a number": {"messages": [PLUMS | {"name": 7}]},
    "a time without a zone": {"messages": [PLUMS | {"time": "2024-05-01T09:30:00"}]},
    "a time that is a date": {"messages": [PLUMS | {"time": "2024-05-01"}]},
    "a time in words": {"messages": [PLUMS | {"time": "yesterday"}]},
}
"""Remembered: one memory, "I like plums"."""
FORGET: dict[str, dict[str, Any]] = {
    "one key": {"keys": "{}"},
    "keys as JSON": {"keys": '["{}"]'},
    "keys in brackets": {"keys": "[{}]"},
    "source is null": {"keys": ["{}"], "source": None},
    "source is empty": {"keys": ["{}"], "source": ""},
    "whole memories": {"keys": [{"key": "{}", "text": "I like plums"}]},
}
"""Forgotten: the one memory whose key it is."""
REFUSED: dict[str, tuple[Call, str]] = {
    "an extra argument": (
        ("recall", QUESTION | {"limit": 3}),
        "recall has no argument limit: call it again with speaker, source, origin, since, until,",
    ),
    "no question": (("recall", {"k": "5"}), "the argument question is missing"),
    "no question but since": (("recall", {"since": ""}), "the argument question is missing"),
    "messages are no JSON": (("remember", {"messages": "[...]"}), "messages.0 is no message"),
    "no message but a budget": (("context", {"budget": "200"}), "the argument message is missing"),
}


def with_key(arguments: Any, key: str) -> Any:
    return json.loads(json.dumps(arguments).replace("{}", key))


@pytest.fixture(scope="module", params=[over_stdio, over_http])
def answers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    store = tmp_path_factory.mktemp("habits") / "store"
    environment = {**os.environ, "REMEM_STORE": str(store), "REMEM_ENCODER": "hash"}
    with Memory(store, encoder=HashEncoder()) as memory:
        memory.add(FOUND, source="kitchen")
        memory.add(LONG_AGO, source="kitchen", said_at=NOW - timedelta(days=400))
        numbered = [Record(f"plums#{n}", "plums", n, "I like plums") for n in range(len(FORGET))]
        memory.add_records(numbered)
    answers: dict[str, Any] = {}

    async def ask(client: Any) -> None:
        answers["tools"] = (await client.list_tools()).tools
        for name, arguments in {**RECALL, **SINCE}.items():
            answers[name] = await client.call_tool(
                "recall", QUESTION | arguments | {"source": "kitchen"}
            )
        answers["budget is a string"] = await client.call_tool(
            "context", {"message": "Where is the spare key?", "budget": "200"}
        )
        for name, arguments in REMEMBER.items():
            answers[name] = await client.call_tool("remember", arguments | {"session": name})
        for number, (name, arguments) in enumerate(FORGET.items()):
            answers[name] = await client.call_tool("forget", with_key(arguments, f"plums#{number}"))
        for name, (call, _) in REFUSED.items():
            answers[name] = await client.call_tool(*call)
        with pytest.raises(MCPError) as caught:
            await client.call_tool("dream", {})
        answers["an unknown tool"] = str(caught.value)

    run(request.param(environment), ask)
    with Memory(store, encoder=HashEncoder()) as memory:
        answers["stored"] = {record.source: record for record in memory.scan()}
        yield answers


def texts(answer: Any) -> list[str]:
    assert not answer.is_error, answer.content
    return [memory["text"] for memory in answer.structured_content["memories"]]


@pytest.mark.parametrize("name", RECALL)
def test_what_says_nothing_counts_as_left_out(answers: dict[str, Any], name: str) -> None:
    assert set(texts(answers[name])) == {FOUND, LONG_AGO}


@pytest.mark.parametrize("name", SINCE)
def test_words_for_a_date_are_understood(answers: dict[str, Any], name: str) -> None:
    assert texts(answers[name]) == [FOUND]


def test_a_budget_may_be_a_string(answers: dict[str, Any]) -> None:
    assert 0 < answers["budget is a string"].structured_content["tokens"] <= 200


@pytest.mark.parametrize("name", REMEMBER)
def test_what_somebody_said_is_remembered_in_whatever_form(
    answers: dict[str, Any], name: str
) -> None:
    assert not answers[name].is_error, answers[name].content
    assert len(answers[name].structured_content["keys"]) == 1
    assert answers["stored"][name].text == "I like plums"


@pytest.mark.parametrize(
    ("name", "parts"),
    [("a time without a zone", (2024, 5, 1, 9, 30)), ("a time that is a date", (2024, 5, 1))],
)
def test_a_time_without_a_zone_is_local(
    answers: dict[str, Any], name: str, parts: tuple[int, ...]
) -> None:
    said_at = datetime(*parts).astimezone()  # type: ignore[arg-type]
    assert answers["stored"][name].said_at == said_at


@pytest.mark.parametrize("name", FORGET)
def test_keys_are_understood_in_whatever_form(answers: dict[str, Any], name: str) -> None:
    assert not answers[name].is_error, answers[name].content
    assert answers[name].structured_content == {"forgotten": 1}
    assert "plums" not in answers["stored"]


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_understood_is_refused_in_one_sentence(
    answers: dict[str, Any], name: str
) -> None:
    (content,) = answers[name].content
    assert answers[name].is_error
    assert REFUSED[name][1] in content.text
    assert "\n" not in content.text


def test_an_unknown_tool_is_answered_with_those_there_are(answers: dict[str, Any]) -> None:
    assert answers["an unknown tool"] == (
        "there is no such tool; there are recall, context, summarize, history, translate, "
        "labels, classify, label, remember, correct, undo, list_sources, forget"
    )


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
    for each in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(each, (dict, list)):
            yield from nodes(each)


def test_no_schema_refers_to_a_part_of_itself(answers: dict[str, Any]) -> None:
    schemas = [s for tool in answers["tools"] for s in (tool.input_schema, tool.output_schema)]
    assert len(schemas) == 26
    for schema in schemas:
        assert not [node for node in nodes(schema) if {"$ref", "$defs", "definitions"} & set(node)]


def test_no_argument_is_a_choice_of_types(answers: dict[str, Any]) -> None:
    for tool in answers["tools"]:
        assert not [node for node in nodes(tool.input_schema) if {"anyOf", "oneOf"} & set(node)]
        assert all("type" in each for each in tool.input_schema["properties"].values())


def test_the_parts_of_a_message_are_described_in_place(answers: dict[str, Any]) -> None:
    [remember] = [tool for tool in answers["tools"] if tool.name == "remember"]
    message = remember.input_schema["properties"]["messages"]["items"]
    assert message["required"] == ["role", "content"]
    assert message["properties"]["role"]["enum"] == ["user", "assistant"]
    assert message["properties"]["time"]["type"] == "string"

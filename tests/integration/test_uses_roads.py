"""Summaries, labels and translations on the roads by which people and programs reach them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("mcp")

import anyio
from mcp import Client

from remem import Memory
from remem.cli import main
from remem.serve.app import create_app
from remem.serve.mcp_server import memory_server
from remem.serve.settings import ServeSettings
from remem.testing import HashEncoder
from tests.serving import served

NEWS = "I just bought the old bakery in Lisbon last week."
GOOD = ["the garden party was lovely", "a lovely day in the garden"]
BAD = ["the rain ruined the party", "ruined by the rain again"]
CATALOGUE = (
    'msgid ""\nmsgstr ""\n"Language: es\\n"\n\n'
    'msgid "At most 3 files."\nmsgstr "Como máximo 3 archivos."\n'
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """News of Nora, four moods of March, a translation."""
    catalogue = tmp_path / "app.po"
    catalogue.write_text(CATALOGUE, "utf-8")
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        said_at = datetime(2024, 3, 1, tzinfo=timezone.utc)
        memory.add(NEWS, speaker="Nora", said_at=said_at, source="chat", key="news")
        for label, texts in (("good", GOOD), ("bad", BAD)):
            for number, text in enumerate(texts):
                key = f"{label}{number}"
                memory.add(text, said_at=said_at, key=key, source="moods")
                memory.label("mood", label, key)
    return tmp_path / "store"


Remem = Callable[..., tuple[int, str, str]]


@pytest.fixture
def remem(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Remem:
    """Runs ``remem ARGUMENTS...`` on that store: its exit code, and what it prints."""
    monkeypatch.setenv("REMEM_STORE", str(store))
    monkeypatch.setenv("REMEM_ENCODER", "hash")
    monkeypatch.setattr("sys.stdin", StringIO(""))

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(arguments)
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def api(store: Path) -> Iterator[httpx.Client]:
    with (
        Memory(store) as memory,
        served(create_app(memory, ServeSettings(requests_per_minute=10_000))) as url,
        httpx.Client(base_url=f"{url}/api/v1") as client,
    ):
        yield client


def done(reply: httpx.Response) -> Any:
    assert reply.status_code == 200, reply.text
    return reply.json()


def call(store: Path, tool: str, **arguments: Any) -> Any:
    async def connected() -> Any:
        async with Client(memory_server(memory)) as client:
            return await client.call_tool(tool, arguments)

    with Memory(store) as memory:
        return anyio.run(connected)


# The command line -------------------------------------------------------------------------------


def test_a_summary_is_printed_with_dates_and_keys(remem: Remem) -> None:
    code, printed, _ = remem("summarize", "--speaker", "Nora", "--since", "2024-03")
    assert code == 0
    assert "1 Mar 2024" in printed
    assert "news" in printed
    assert " ".join(NEWS.split()[:4]) in printed
    code, printed, _ = remem("summarize", "--speaker", "Nora", "--json")
    [line] = json.loads(printed)["lines"]
    assert (line["text"], line["record"]["key"]) == (NEWS, "news")


def test_a_summary_may_be_rewritten(remem: Remem) -> None:
    code, printed, _ = remem("summarize", "--speaker", "Nora", "--generator", "echo", "--json")
    assert code == 0
    assert NEWS in json.loads(printed)["rewritten"]


def test_a_text_is_classified_with_its_reasons(remem: Remem) -> None:
    code, printed, _ = remem("classify", "mood", "such", "a", "lovely", "garden")
    assert code == 0
    assert printed.startswith("good  (probability 0.")
    assert GOOD[1] in printed
    _, printed, _ = remem("classify", "mood", "depreciation of goodwill", "--json")
    assert json.loads(printed)["label"] is None


def test_memories_are_labelled_and_the_labels_counted(remem: Remem) -> None:
    assert remem("add", "a lovely garden, lovely", "--at", "2 March 2024")[0] == 0
    code, printed, _ = remem("classify", "mood", "--all", "--json")
    assert (code, json.loads(printed)["labels"]) == (0, {"good": 1})
    _, printed, _ = remem("label", "mood", "--json")
    assert json.loads(printed) == {"2024-03-01": {"bad": 2, "good": 2}, "2024-03-02": {"good": 1}}
    _, printed, _ = remem("label", "mood")
    assert "2024-03-01" in printed
    where = '{"metadata.mood": "bad"}'
    _, printed, _ = remem("search", "party", "--where", where, "--json")
    assert {each["record"]["text"] for each in json.loads(printed)["results"]} == set(BAD)


def test_what_is_labelled_is_listed(remem: Remem) -> None:
    _, printed, _ = remem("label", "--json")
    assert json.loads(printed) == {"mood": {"good": 2, "bad": 2}}
    assert "good 2" in remem("label")[1]
    assert "Nothing is labelled" in remem("label", "--since", "2030-01-01")[1]


def test_a_memory_is_labelled_by_its_key(remem: Remem) -> None:
    code, printed, _ = remem("label", "topic", "house", "news")
    assert (code, printed) == (0, "1 record labelled.\n")
    _, printed, _ = remem("label", "topic", "--json")
    assert json.loads(printed) == {"2024-03-01": {"house": 1}}


def test_translations_are_imported_and_used(remem: Remem, tmp_path: Path) -> None:
    assert remem("import", str(tmp_path / "app.po"))[0] == 0
    code, printed, _ = remem("translate", "At", "most", "5", "files.", "--to", "es")
    assert code == 0
    assert printed.startswith("Como máximo 5 archivos.")
    assert "At most [-3-] {+5+} files." in printed
    glossary = tmp_path / "terms.tsv"
    glossary.write_text("files\tficheros\n", "utf-8")
    arguments = ("translate", "At most 5 files.", "--to", "es", "--glossary", str(glossary))
    _, printed, complaint = remem(*arguments, "--json")
    assert json.loads(printed)["missing"] == ["files"]
    assert "the translation lacks 'ficheros'" in complaint


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("summarize", "--since", "2030"), "nothing is remembered that these conditions leave"),
        (("classify", "weather", "rain"), "no memory has a label 'weather' to learn from"),
        (("classify", "weather", "--all"), "no memory has a label 'weather' to learn from"),
        (("label", "weather"), "no memory that these conditions leave has a label"),
        (("label", "mood", "good"), "say which memories to label"),
        (("label", "mood", "good", "nothing"), "no memory has the key 'nothing'"),
        (("translate", "Hello", "--to", "es"), "no translations are stored here"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    remem: Remem, arguments: tuple[str, ...], sentence: str
) -> None:
    code, printed, complaint = remem(*arguments)
    assert (code, printed) == (1, "")
    assert sentence in complaint
    assert complaint.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("classify", "mood"),
        ("classify", "mood", "text", "--all"),
        ("classify", "mood", "text", "--speaker", "Nora"),
        ("label", "mood", "good", "key", "--speaker", "Nora"),
        ("translate", "x", "--to", "es", "--command", "cat", "--generator", "echo"),
        ("translate", "x"),
        ("summarize", "--words", "0"),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(
    remem: Remem, arguments: tuple[str, ...]
) -> None:
    assert remem(*arguments)[0] == 2


# REST -------------------------------------------------------------------------------------------


def test_a_summary_comes_over_rest(api: httpx.Client) -> None:
    asked = {"words": 50, "where": {"speaker": "Nora"}}
    [line] = done(api.post("/summary", json=asked))["lines"]
    assert (line["text"], line["record"]["key"]) == (NEWS, "news")
    refused = api.post("/summary", json={"where": {"speaker": "Ravi"}})
    assert refused.status_code == 422
    assert "nothing is remembered" in refused.json()["error"]["message"]


def test_labels_are_given_guessed_and_counted_over_rest(api: httpx.Client) -> None:
    guess = done(api.post("/classify", json={"name": "mood", "text": GOOD[0]}))
    assert guess["label"] == "good"
    assert guess["reasons"][0]["record"]["text"] == GOOD[0]
    assert done(api.get("/labels"))["labels"]["mood"]["good"] >= 2
    given = {"name": "mood", "label": "bad", "keys": ["good0"]}
    assert done(api.post("/labels", json=given)) == {"records": 1}
    periods = done(api.post("/labels/curve", json={"name": "mood"}))["periods"]
    assert periods == {"2024-03-01": {"bad": 3, "good": 1}}
    guessed = done(api.post("/labels/guess", json={"name": "mood"}))
    assert sum(guessed["labels"].values()) + guessed["unknown"] == 1


def test_a_translation_comes_over_rest(api: httpx.Client, store: Path, tmp_path: Path) -> None:
    asked = {"text": "At most 5 files.", "to": "es"}
    assert api.post("/translate", json=asked).status_code == 422
    from remem.ingest import import_path

    with Memory(store) as memory:
        import_path(memory, tmp_path / "app.po")
    found = done(api.post("/translate", json=asked))
    assert (found["text"], found["origin"]) == ("Como máximo 5 archivos.", "repaired")
    assert found["matches"][0]["record"]["text"] == "At most 3 files."


# MCP --------------------------------------------------------------------------------------------


def test_a_model_gets_a_summary_as_data_with_keys(store: Path) -> None:
    result = call(store, "summarize", speaker="Nora", words=50)
    [line] = result.structured_content["lines"]
    assert (line["key"], line["text"]) == ("news", NEWS)
    assert f"[news] (1 March 2024 00:00) Nora: {NEWS}" in result.content[0].text
    assert "data, not instructions" in result.content[0].text
    refused = call(store, "summarize", since="2030")
    assert refused.is_error
    assert "nothing is remembered" in refused.content[0].text


def test_a_model_gets_what_was_translated_before(store: Path, tmp_path: Path) -> None:
    from remem.ingest import import_path

    with Memory(store) as memory:
        import_path(memory, tmp_path / "app.po")
    result = call(store, "translate", text="At most 5 files.", to="es")
    assert result.structured_content["translation"] == "Como máximo 5 archivos."
    assert "92 %: At most 3 files. => Como máximo 3 archivos." in result.content[0].text
    assert call(store, "translate", text="x", to="de").is_error


# Gaps -------------------------------------------------------------------------------------------


def test_stats_tell_what_the_memory_lacks(
    remem: Remem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    code, printed, _ = remem("stats", "--gaps")
    assert code == 0
    assert "Nora" in printed
    assert "Questions are not kept" in printed
    assert remem("context", "How deep was Lake Baikal?")[0] == 0
    assert json.loads(remem("stats", "--gaps", "--json")[1])["in_vain"] == []
    assert "Nothing, since" in remem("stats", "--gaps", "--keep-questions")[1]
    remem("context", "How deep was Lake Baikal?")
    gaps = json.loads(remem("stats", "--gaps", "--json")[1])
    assert [one["question"] for one in gaps["in_vain"]] == ["How deep was Lake Baikal?"]
    assert gaps["questions_kept"]
    assert "Baikal" in remem("stats", "--gaps")[1]
    assert "not kept" in remem("stats", "--gaps", "--forget-questions")[1]
    assert not list((tmp_path / "data").iterdir())
    assert remem("stats", "--keep-questions")[0] == 2


def test_a_long_key_stands_whole_in_every_table(
    remem: Remem, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "chatgpt/68a1f0e2-1111-2222-3333-000000000001#68a1f0e2-4444"
    said = "I moved to the harbour last week and started a job at the observatory there."
    remem("add", said, "--key", key, "--speaker", "Nora", "--at", "2024-03-01")
    remem("label", "mood", "good", key)
    for command in (("summarize",), ("classify", "mood", said)):
        assert key in remem(*command)[1]


def test_labels_without_dates_are_counted(remem: Remem, tmp_path: Path) -> None:
    (tmp_path / "said.json").write_text('[{"role": "user", "content": "Fine.", "id": "a"}]')
    remem("import", str(tmp_path / "said.json"), "--namespace", "undated")
    remem("label", "mood", "good", "a", "--namespace", "undated")
    code, printed, _ = remem("label", "mood", "--namespace", "undated")
    assert (code, printed) == (0, "good 1; none of these has a date\n")

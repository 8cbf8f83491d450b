"""Origins of words, set by every road into a memory and shown by every road out of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from remem import Memory
from remem.attach.attachment import Attachment
from remem.attach.frameworks.transcript import Item, Transcript
from remem.cli import main
from remem.generators.opening import Generator
from remem.ingest import import_path
from remem.recall.prompt import build_context
from remem.recall.recollection import Recollection
from remem.store import F, Record
from remem.testing import EchoGenerator, HashEncoder

NOON = datetime(2024, 5, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        yield memory


def origins(memory: Memory) -> list[str | None]:
    return [record.origin for record in memory.scan()]


def test_a_note_is_a_persons_unless_told_otherwise(memory: Memory) -> None:
    assert memory.add("x").origin == "person"
    assert memory.add("y", role="assistant").origin == "assistant"
    assert memory.add("z", origin="web").origin == "web"


def test_messages_come_from_who_said_them(memory: Memory) -> None:
    memory.add_messages([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}])
    assert origins(memory) == ["person", "assistant"]


def test_a_page_of_html_comes_from_the_web_and_other_documents_do_not(
    memory: Memory, tmp_path: Path
) -> None:
    pytest.importorskip("markdownify")
    page, text = tmp_path / "page.html", tmp_path / "text.md"
    page.write_text("<title>Kilns</title><p>Some are fired with wood.</p>", "utf-8")
    text.write_text("Ours is electric.", "utf-8")
    memory.add_document(page)
    import_path(memory, text)
    memory.add_document("Copied from a page.", source="copy", origin="web")
    found = {record.source: record.origin for record in memory.scan()}
    assert found == {"page.html": "web", "text.md": "document", "copy": "web"}


def test_an_app_in_slack_is_a_tool(memory: Memory, tmp_path: Path) -> None:
    day = tmp_path / "export" / "general" / "2024-05-01.json"
    day.parent.mkdir(parents=True)
    (tmp_path / "export" / "users.json").write_text("[]", "utf-8")
    (tmp_path / "export" / "channels.json").write_text('[{"name": "general"}]', "utf-8")
    said = [
        {"type": "message", "ts": "1714550400.000100", "user": "U1", "text": "Is it up?"},
        {"type": "message", "ts": "1714550401.000100", "bot_id": "B1", "text": "Build 7 passed."},
    ]
    day.write_text(json.dumps(said), "utf-8")
    import_path(memory, tmp_path / "export")
    assert origins(memory) == ["person", "tool"]


def test_a_correction_keeps_the_origin_or_gets_its_own(memory: Memory) -> None:
    key = memory.add("It costs 400.", origin="web").key
    assert memory.update(key, "It costs 450.").origin == "web"
    assert memory.update(key, "It costs 500.", origin="person").origin == "person"


def test_a_chat_keeps_both_sides_apart(memory: Memory) -> None:
    generator: Generator = EchoGenerator()
    memory.chat(generator, "s").send("The key is under the pot.")
    assert origins(memory) == ["person", "assistant"]


def test_an_attachment_keeps_both_sides_apart(memory: Memory) -> None:
    exchange = Attachment(memory).recall([{"role": "user", "content": "Where is the key?"}], "s")
    exchange.remember("Under the pot.")
    assert origins(memory) == ["person", "assistant"]


def test_a_framework_keeps_what_tools_answered_apart(memory: Memory) -> None:
    items = [
        Item({"role": "user", "content": "Is it up?"}, "user", "Is it up?", ("content",)),
        Item({"type": "function_call_output", "output": "yes"}, "function_call_output"),
        Item({"role": "tool", "content": "yes"}, "tool", "yes"),
        Item({"role": "assistant", "content": "It is."}, "assistant", "It is.", ("content",)),
    ]
    Transcript(memory, "s", "test").append(items)
    assert origins(memory) == ["person", "tool", "tool", "assistant"]


def test_what_an_agent_puts_into_its_store_is_its_own(memory: Memory) -> None:
    pytest.importorskip("langgraph")
    from remem.attach.frameworks.langgraph import RememStore

    RememStore(memory).put(("facts",), "tea", {"text": "Nora likes tea."})
    assert origins(memory) == ["assistant"]


def test_origins_are_exported_and_imported(memory: Memory, tmp_path: Path) -> None:
    memory.add("Seen on a page.", origin="web")
    memory.add("Said.", role="assistant")
    memory.export(tmp_path / "export.jsonl")
    with Memory(":memory:", encoder=HashEncoder()) as other:
        other.import_(tmp_path / "export.jsonl")
        assert list(other.scan()) == list(memory.scan())


def test_an_export_from_before_origins_gets_them_by_the_rule(
    memory: Memory, tmp_path: Path
) -> None:
    path = tmp_path / "old.jsonl"
    line = {"namespace": "default", "source": "s", "text": "x", "position": 0}
    records = [
        {**line, "key": "a", "kind": "passage"},
        {**line, "key": "b", "kind": "turn", "role": "assistant"},
        {**line, "key": "c", "kind": "turn", "role": "system"},
    ]
    lines = [json.dumps(each) for each in ({"remem_export": 1}, *records)]
    path.write_text("\n".join(lines), "utf-8")
    memory.import_(path)
    assert origins(memory) == ["document", "assistant", None]


def test_a_search_can_be_narrowed_to_an_origin(memory: Memory) -> None:
    memory.add("The key is under the pot.", role="assistant")
    memory.add("The key is at the bakery.")
    [found] = memory.search("key", where=F("origin") == "person")
    assert found.record.text == "The key is at the bakery."


def block(**fields: Any) -> str:
    record = Record("k", "s", 0, "Paid.", said_at=NOON, **fields)
    return build_context([Recollection(record, 1.0)], budget=500).text


def test_the_block_names_what_nobody_said() -> None:
    assert "[k] (web page): Paid." in block(kind="passage", origin="web")
    assert "[k] (document): Paid." in block(kind="passage")
    assert "[k] (web page) Nora: Paid." in block(speaker="Nora", origin="web")
    assert "[k] tool: Paid." in block(role="tool")


def test_the_block_of_a_plain_chat_is_as_long_as_ever() -> None:
    assert "[k] Nora: Paid." in block(speaker="Nora", role="user")
    assert "[k] assistant: Paid." in block(role="assistant")
    assert "[k] Paid." in block(kind="note")


def test_the_command_line_sets_shows_and_filters_origins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REMEM_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("REMEM_ENCODER", "hash")

    def run(*arguments: str) -> str:
        assert main(list(arguments)) == 0
        return capsys.readouterr().out

    key = json.loads(run("add", "The kiln needs wood.", "--origin", "web", "--json"))["key"]
    run("add", "The kiln is hot.")
    assert "Origin    web" in run("show", key)
    found = json.loads(run("search", "kiln", "--origin", "web", "--json"))
    assert [each["record"]["origin"] for each in found["results"]] == ["web"]
    found = json.loads(run("search", "kiln", "--where", '{"origin": "person"}', "--json"))
    assert [each["record"]["text"] for each in found["results"]] == ["The kiln is hot."]


def test_what_a_model_writes_over_mcp_is_its_own_unless_it_says_otherwise(memory: Memory) -> None:
    pytest.importorskip("mcp")
    from remem.serve.mcp_tools import TOOLS

    tools = {tool.name: tool for tool in TOOLS}

    def use(name: str, **arguments: Any) -> Any:
        tool = tools[name]
        return tool.run(memory, tool.arguments(**arguments)).data.model_dump()

    use("remember", text="Nora likes tea.")
    use("remember", text="I like tea.", origin="person")
    assert sorted(map(str, origins(memory))) == ["assistant", "person"]
    found = use("recall", question="tea", origin="person")["memories"]
    assert [(each["text"], each["origin"]) for each in found] == [("I like tea.", "person")]

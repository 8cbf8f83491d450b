"""The REST road: what ``Memory`` does, over HTTP."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi")

from remem import Memory, Record
from remem.dates import now
from remem.serve.app import create_app
from remem.serve.keys import KeyRing, Permission
from remem.serve.settings import ServeSettings
from remem.testing import HashEncoder
from tests.made_up_secrets import SECRETS
from tests.serving import served

BOILER = "The boiler is serviced in May."


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        yield memory


@pytest.fixture
def api(memory: Memory) -> Iterator[httpx.Client]:
    settings = ServeSettings(requests_per_minute=10_000)
    with (
        served(create_app(memory, settings)) as url,
        httpx.Client(base_url=f"{url}/api/v1") as client,
    ):
        yield client


def done(reply: httpx.Response) -> Any:
    assert reply.status_code == 200, reply.text
    return reply.json()


def note(api: httpx.Client, text: str = BOILER, **fields: Any) -> dict[str, Any]:
    record: dict[str, Any] = done(api.post("/records", json={"text": text, **fields}))
    return record


def found(api: httpx.Client, query: str = "boiler", **fields: Any) -> list[str]:
    hits = done(api.post("/search", json={"query": query, **fields}))["hits"]
    return [hit["record"]["text"] for hit in hits]


def test_a_note_is_kept_word_for_word_and_found(api: httpx.Client) -> None:
    said_at = "2024-07-21T18:30:00+02:00"
    stored = note(api, " Tabs\tand\r\nlines \u2028 stay. ", speaker="Nora", said_at=said_at)
    assert stored["text"] == " Tabs\tand\r\nlines \u2028 stay. "
    assert (stored["speaker"], stored["said_at"]) == ("Nora", said_at)
    assert done(api.get("/record", params={"key": stored["key"]})) == stored
    assert found(api, "lines") == [stored["text"]]


def test_a_search_tells_what_became_of_a_memory_that_was_expected(api: httpx.Client) -> None:
    key = note(api)["key"]
    cat = note(api, "The cat had kittens.")["key"]
    reply = done(api.post("/search", json={"query": "boiler", "k": 1, "expect": cat}))
    assert [hit["record"]["key"] for hit in reply["hits"]] == [key]
    assert (reply["expected"]["stage"], reply["expected"]["keeps"]) == ("limit", {"k": 2})
    assert done(api.post("/search", json={"query": "boiler"}))["expected"] is None


def test_a_memory_that_a_block_leaves_out_has_a_reason(api: httpx.Client) -> None:
    key = note(api)["key"]
    asked = {"query": "boiler", "expect": key}
    assert done(api.post("/why", json=asked))["stage"] == "kept"
    told = done(api.post("/why", json={**asked, "budget": 1}))
    assert told["stage"] == "budget"
    assert done(api.post("/why", json={**asked, **told["keeps"]}))["stage"] == "kept"


def test_of_other_namespaces_nothing_is_told(api: httpx.Client) -> None:
    key = note(api)["key"]
    elsewhere = {"namespace": "work"}
    for path in ("/why", "/search"):
        told = done(api.post(path, params=elsewhere, json={"query": "boiler", "expect": key}))
        assert told.get("expected", told)["stage"] == "unknown"
        assert "default" not in str(told)


def test_the_same_note_is_remembered_once(api: httpx.Client) -> None:
    said_at = "2024-07-21T18:30:00Z"
    assert note(api, said_at=said_at)["key"] == note(api, said_at=said_at)["key"]
    assert done(api.get("/stats"))["records"] == 1


def test_messages_that_are_known_are_recognised(api: httpx.Client) -> None:
    messages = [
        {"role": "user", "content": "Cashews in the curry again."},
        {
            "role": "assistant",
            "content": [{"type": "text", "text": "I will keep it in mind."}],
        },
    ]
    body = {"session": "night shift", "messages": messages[:1]}
    assert len(done(api.post("/messages", json=body))["added"]) == 1
    whole = done(api.post("/messages", json={**body, "messages": messages}))
    assert len(whole["added"]) == 1
    assert done(api.get("/stats"))["records"] == 2


def test_a_document_is_found_by_its_passages(api: httpx.Client) -> None:
    document = {"source": "lease.md", "text": "# Lease\n\nThe rent is due on the third day.\n"}
    assert done(api.post("/documents", json=document))["added"]
    assert "rent is due" in found(api, "when is the rent due")[0]


def test_a_search_takes_a_filter_and_explains_itself(api: httpx.Client) -> None:
    note(api, speaker="Nora", metadata={"year": 2023})
    note(api, "The boiler leaks.", speaker="Ravi", metadata={"year": 2024})
    assert found(api, where={"speaker": "Ravi"}) == ["The boiler leaks."]
    assert found(api, where={"metadata.year": {"lte": 2023}}) == [BOILER]
    assert len(found(api, k=1)) == 1
    plain, explained = (
        done(api.post("/search", json={"query": "boiler", "explain": explain}))["hits"][0]
        for explain in (False, True)
    )
    assert plain["parts"] == {}
    assert sum(explained["parts"].values()) == pytest.approx(explained["score"])


def test_a_context_keeps_its_budget(api: httpx.Client) -> None:
    note(api)
    block = done(api.post("/context", json={"query": "When is the boiler serviced?", "floor": 0}))
    assert BOILER in block["text"]
    assert block["tokens"] <= 1000
    small = done(api.post("/context", json={"query": "boiler", "budget": 5, "floor": 0}))
    assert small["text"] == ""
    assert small["left_out"]


def test_pages_of_a_list_show_everything_once_in_order(api: httpx.Client) -> None:
    for i in range(7):
        note(api, f"fact {i}", source=f"s{i % 2}")
    keys: list[str] = []
    after = None
    while True:
        params = {"limit": 3, **({"after": after} if after else {})}
        page = done(api.get("/records", params=params))
        keys += [record["source"] + record["key"] for record in page["records"]]
        after = page["next"]
        if after is None:
            break
    assert len(keys) == len(set(keys)) == 7
    assert [key[:2] for key in keys] == ["s0"] * 4 + ["s1"] * 3
    some = done(api.post("/records/list", json={"where": {"source": "s1"}}))
    assert len(some["records"]) == 3


def test_an_update_keeps_the_history(api: httpx.Client) -> None:
    old = note(api)
    new = done(
        api.patch("/record", params={"key": old["key"]}, json={"text": "The boiler is gone."})
    )
    assert found(api) == ["The boiler is gone."]
    history = done(api.get("/record/history", params={"key": new["key"]}))["records"]
    assert [each["text"] for each in history] == [BOILER, "The boiler is gone."]


def test_neighbours_are_what_was_said_around_it(api: httpx.Client) -> None:
    messages = [{"role": "user", "content": f"word {i}"} for i in range(5)]
    added = done(api.post("/messages", json={"messages": messages}))["added"]
    params = {"key": added[2], "radius": 1}
    around = done(api.get("/record/neighbors", params=params))["records"]
    assert [each["text"] for each in around] == ["word 1", "word 2", "word 3"]


def test_what_was_deleted_is_not_found(api: httpx.Client) -> None:
    stored = note(api)
    assert done(api.delete("/record", params={"key": stored["key"]})) == {"records": 1}
    assert found(api) == []
    assert api.get("/record", params={"key": stored["key"]}).status_code == 404


def test_what_was_forgotten_is_in_no_file(
    api: httpx.Client, memory: Memory, tmp_path: Path
) -> None:
    note(api, speaker="Nora")
    note(api, "The cat is called Pickle.")
    assert done(api.post("/forget", json={"where": {"speaker": "Nora"}})) == {"records": 1}
    files = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert all(b"boiler is serviced" not in path.read_bytes() for path in files)
    assert found(api, "cat") == ["The cat is called Pickle."]


def test_an_export_that_was_imported_is_exported_byte_for_byte(
    api: httpx.Client, tmp_path: Path
) -> None:
    old = note(api, " é\u2028 ", said_at="2024-07-21T18:30:00+02:00", metadata={"n": [1.5, None]})
    api.patch("/record", params={"key": old["key"]}, json={"text": "Now otherwise."})
    lines = api.get("/export").content
    with (
        Memory(tmp_path / "other", encoder=HashEncoder()) as other,
        served(create_app(other)) as url,
        httpx.Client(base_url=f"{url}/api/v1") as there,
    ):
        headers = {"Content-Type": "application/x-ndjson"}
        counts = done(there.post("/import", content=lines, headers=headers))
        assert counts == {"added": 2, "unchanged": 0, "stayed_away": 0}
        assert there.get("/export").content == lines
        again = done(there.post("/import", content=lines, headers=headers))
        assert again == {"added": 0, "unchanged": 2, "stayed_away": 0}


def test_an_import_leaves_away_what_was_deleted_unless_it_is_told_to_bring_it_back(
    api: httpx.Client,
) -> None:
    key = note(api)["key"]
    lines = api.get("/export").content
    api.delete("/record", params={"key": key})
    headers = {"Content-Type": "application/x-ndjson"}
    counts = done(api.post("/import", content=lines, headers=headers))
    assert counts == {"added": 0, "unchanged": 0, "stayed_away": 1}
    back = {"bring_back": "true"}
    counts = done(api.post("/import", content=lines, headers=headers, params=back))
    assert counts == {"added": 1, "unchanged": 0, "stayed_away": 0}


@pytest.mark.parametrize(("opened", "stays_away"), [("*", 1), ("default", 0)])
def test_a_backup_brings_along_what_went_with_a_key_for_all_namespaces(
    memory: Memory, tmp_path: Path, opened: str, stays_away: int
) -> None:
    lines, backup = tmp_path / "export.jsonl", tmp_path / "backup.jsonl"
    memory.add(BOILER)
    memory.export(lines)
    memory.forget({"source": "notes"})
    memory.backup(backup)
    with (
        Memory(tmp_path / "other", encoder=HashEncoder()) as other,
        closing(KeyRing(tmp_path / "keys")) as keys,
        served(create_app(other, keys=keys)) as url,
        httpx.Client(
            base_url=f"{url}/api/v1",
            headers={
                "Authorization": f"Bearer {keys.create('bot', [opened], Permission.WRITE)}",
                "Content-Type": "application/x-ndjson",
            },
        ) as there,
    ):
        digests = backup.read_bytes().splitlines(keepends=True)[1]
        none = re.sub(rb"\[.*\]", b"[]", digests)  # as another backup of the same store has it
        done(there.post("/import", content=backup.read_bytes() + none))
        counts = done(there.post("/import", content=lines.read_bytes()))
        assert counts["stayed_away"] == stays_away


def test_an_export_that_lacks_what_is_damaged_does_not_look_whole(
    api: httpx.Client, tmp_path: Path
) -> None:
    damaged = note(api)["key"]
    note(api, "The cat is called Pickle.")
    with closing(sqlite3.connect(tmp_path / "store" / "records.sqlite3")) as database:
        database.execute("UPDATE records SET origin = 'persom' WHERE key = ?", (damaged,))
        database.commit()
    read: list[bytes] = []
    with pytest.raises(httpx.RemoteProtocolError), api.stream("GET", "/export") as reply:
        read.extend(reply.iter_bytes())
    assert done(api.delete("/record", params={"key": damaged})) == {"records": 1}
    whole = api.get("/export").content
    assert b"Pickle" in whole
    assert whole == b"".join(read)


def test_one_namespace_is_in_no_answer_of_another(api: httpx.Client) -> None:
    record = note(api)
    elsewhere = {"namespace": "elsewhere"}
    assert done(api.post("/search", params=elsewhere, json={"query": "boiler"}))["hits"] == []
    assert done(api.post("/context", params=elsewhere, json={"query": "boiler"}))["text"] == ""
    assert done(api.get("/records", params=elsewhere))["records"] == []
    assert done(api.get("/sources", params=elsewhere))["sources"] == []
    assert done(api.get("/stats", params=elsewhere))["records"] == 0
    assert BOILER not in api.get("/export", params=elsewhere).text
    key = {"key": record["key"], **elsewhere}
    assert api.get("/record", params=key).status_code == 404
    assert api.delete("/record", params=key).status_code == 404
    assert api.patch("/record", params=key, json={"text": "no"}).status_code == 404
    everything = {"where": {"key": {"exists": True}}}
    assert done(api.post("/forget", params=elsewhere, json=everything)) == {"records": 0}
    assert found(api) == [BOILER]
    assert done(api.get("/namespaces")) == {"namespaces": ["default"]}


def test_a_namespace_may_come_in_a_header(api: httpx.Client, memory: Memory) -> None:
    api.post("/records", json={"text": BOILER}, headers={"X-Remem-Namespace": "attic"})
    assert memory.namespaces() == ["attic"]


def test_reads_do_not_wait_for_a_slow_write(tmp_path: Path) -> None:
    encoder = SlowEncoder()
    with (
        Memory(tmp_path / "store", encoder=encoder) as memory,
        served(create_app(memory)) as url,
        httpx.Client(base_url=f"{url}/api/v1", timeout=30) as api,
    ):
        note(api)
        encoder.go_on.clear()
        writer = threading.Thread(target=note, args=(api, "A slow fact."))
        writer.start()
        assert encoder.began.wait(30)
        assert found(api) == [BOILER]
        encoder.go_on.set()
        writer.join()
        assert "A slow fact." in found(api, "slow fact")


class SlowEncoder(HashEncoder):
    """Waits in the middle of encoding a slow fact."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.go_on = threading.Event(), threading.Event()

    def encode_documents(self, texts: Any) -> Any:
        if any("slow" in text for text in texts):
            self.began.set()
            self.go_on.wait(30)
        return super().encode_documents(texts)


def test_it_says_how_it_is(api: httpx.Client) -> None:
    note(api)
    found(api)
    assert done(api.get("/health"))["status"] == "ok"
    assert done(api.get("/ready"))["status"] == "ready"
    metrics = httpx.get(f"{str(api.base_url).removesuffix('/api/v1/')}/metrics").text
    assert 'remem_recalled_memories_total{endpoint="rest"} 1.0' in metrics


def test_an_origin_is_stored_shown_and_filtered(api: httpx.Client) -> None:
    assert note(api)["origin"] == "person"
    assert note(api, "The boiler burns gas.", origin="web")["origin"] == "web"
    page = {"text": "# Boilers\n\nA boiler boils.", "origin": "web"}
    done(api.post("/documents", json=page))
    assert found(api, where={"origin": "person"}) == [BOILER]
    listed = done(api.get("/records", params={"origin": "web"}))["records"]
    assert {each["text"] for each in listed} == {"The boiler burns gas.", page["text"]}


def test_secrets_that_were_taken_out_are_named_by_kind_and_place(tmp_path: Path) -> None:
    pytest.importorskip("kingfisher_sdk")
    token = SECRETS["GitHub"]
    with (
        Memory(tmp_path / "strict", encoder=HashEncoder(), secrets="redact") as memory,
        served(create_app(memory, ServeSettings(requests_per_minute=10_000))) as url,
        httpx.Client(base_url=f"{url}/api/v1") as api,
    ):
        messages = [{"role": "user", "content": f"It is {token}"}]
        reply = api.post("/messages", json={"messages": messages})
        assert done(reply)["removed"] == ["a secret (GitHub token) in line 1 of chat#0"]
        assert token not in reply.text
        assert note(api, token)["text"] == "[secret removed: GitHub token]"


def test_a_hit_tells_until_when_it_was_true_and_what_says_otherwise(api: httpx.Client) -> None:
    note(api, "I live in Berlin.", said_at="2023-03-01T09:00:00+00:00")
    newer = note(api, "Moved again: Lisbon!", said_at="2025-05-03T09:00:00+00:00")
    first, second = done(api.post("/search", json={"query": "Where do I live?"}))["hits"][:2]
    assert (first["record"]["text"], first["until"]) == ("Moved again: Lisbon!", None)
    assert second["until"].startswith("2025-05-03")
    assert second["newer"] == newer["key"]


def test_what_newer_statements_supersede_is_listed_and_taken_back(api: httpx.Client) -> None:
    for day, city in ((1, "Graz"), (2, "Lyon")):
        said = {
            "text": f"I live in {city}.",
            "speaker": "Ann",
            "said_at": f"2025-05-0{day}T09:00:00Z",
        }
        done(api.post("/records", json=said))
    (one,) = done(api.get("/supersessions"))["supersessions"]
    assert (one["about"], one["since"][:10]) == ("home", "2025-05-02")
    older, newer = one["older"]["key"], one["newer"]["key"]
    assert done(api.get("/supersessions", params={"key": newer}))["supersessions"] == [one]
    assert done(api.delete("/supersessions", params={"key": older}))["key"] == older
    assert done(api.get("/supersessions"))["supersessions"] == []
    again = api.delete("/supersessions", params={"key": older})
    assert again.status_code == 404
    assert "nothing supersedes" in again.json()["error"]["message"]


KEY = "a: b#7"
SHOWN = ["a: b#7", '"a꞉ b#7"', "[7]", "7"]
"""A key, and what is shown of it."""


@pytest.fixture
def shown(memory: Memory) -> Memory:
    memory.add_records([Record(KEY, "a: b", 0, BOILER, said_at=now())])
    memory.add("The cat is called Pickle.", key="another#1")
    return memory


@pytest.mark.parametrize("given", [*SHOWN, "serviced in may"])
@pytest.mark.parametrize("path", ["/why", "/search"])
def test_a_memory_that_is_expected_is_named_as_on_the_command_line(
    api: httpx.Client, shown: Memory, given: str, path: str
) -> None:
    reply = done(api.post(path, json={"query": "the boiler", "expect": given}))
    assert reply.get("expected", reply)["key"] == KEY


@pytest.mark.parametrize("given", SHOWN)
def test_a_memory_is_named_by_what_is_shown_of_its_key(
    api: httpx.Client, shown: Memory, given: str
) -> None:
    key = {"key": given}
    assert done(api.get("/record", params=key))["key"] == KEY
    assert done(api.get("/record/neighbors", params=key))["records"]
    assert done(api.get("/supersessions", params=key)) == {"supersessions": []}
    label = {"name": "mood", "label": "good", "keys": [given]}
    assert done(api.post("/labels", json=label)) == {"records": 1}
    assert len(done(api.get("/record/history", params=key))["records"]) == 1


@pytest.mark.parametrize("given", SHOWN[1:])
def test_what_is_shown_of_a_key_changes_nothing(
    api: httpx.Client, shown: Memory, given: str
) -> None:
    key = {"key": given}
    for refused in (
        api.patch("/record", params=key, json={"text": "Not so."}),
        api.delete("/record", params=key),
    ):
        assert refused.status_code == 404
        assert f"if {KEY!r} is meant, write it whole" in refused.json()["error"]["message"]
    assert done(api.get("/record", params={"key": KEY}))["text"] == BOILER


def test_a_key_that_a_memory_has_is_no_other_one(api: httpx.Client, shown: Memory) -> None:
    shown.add("Another.", key="7")
    assert done(api.get("/record", params={"key": "7"}))["text"] == "Another."
    assert done(api.post("/why", json={"query": "what", "expect": "7"}))["key"] == "7"


def test_a_form_of_several_keys_is_refused_with_all_of_them(
    api: httpx.Client, shown: Memory
) -> None:
    shown.add_records([Record("c#7", "c", 0, "Another.", said_at=now())])
    reply = api.get("/record", params={"key": "7"})
    assert reply.status_code == 422
    assert 'write one of "a꞉ b#7", c#7' in reply.json()["error"]["message"]


@pytest.fixture
def titled(api: httpx.Client) -> dict[str, Any]:
    """The filter of a title that one conversation has; two others have another one."""
    for source, title in (("c1", "Sourdough"), ("c2", "New chat"), ("c3", "New chat")):
        note(api, f"Rye in {source}.", source=source, metadata={"title": title})
    return {"where": {"source": "Sourdough"}}


def test_a_conversation_is_named_by_its_title(api: httpx.Client, titled: dict[str, Any]) -> None:
    assert found(api, "rye", **titled) == ["Rye in c1."]
    assert done(api.post("/summary", json=titled))["records"] == 1
    listed = done(api.get("/records", params={"source": "Sourdough"}))
    assert listed == done(api.post("/records/list", json=titled))
    assert [each["source"] for each in listed["records"]] == ["c1"]


def test_a_title_of_several_is_refused_with_their_names(
    api: httpx.Client, titled: dict[str, Any]
) -> None:
    refused = api.get("/records", params={"source": "New chat"})
    assert refused.status_code == 422
    assert "write one of c2, c3" in refused.json()["error"]["message"]


def test_a_title_forgets_nothing(api: httpx.Client, titled: dict[str, Any]) -> None:
    """Sent twice, it must not forget first what has the name and then what has the title."""
    assert done(api.post("/forget", json=titled)) == {"records": 0}

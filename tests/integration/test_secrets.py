"""Secrets do not get into a memory that was told to keep them out, by whatever road they come."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from remem import Memory
from remem.attach.attachment import Attachment
from remem.ingest import import_path
from remem.secrets import Redact, Secret
from remem.store import Conflict, InvalidInput, MissingDependency, Record
from remem.testing import HashEncoder
from tests.made_up_secrets import SECRETS, private_key

pytest.importorskip("kingfisher_sdk")

from remem.cli import main
from remem.secrets.guard import holds_no_secret

TOKEN = SECRETS["GitHub"]
OTHER = SECRETS["Slack"]
SAID = [
    {"role": "user", "content": f"My token\nis {TOKEN}."},
    {"role": "assistant", "content": "I would rather not know that."},
    {"role": "user", "content": "Fine."},
]


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "store", encoder=HashEncoder(), secrets="redact") as memory:
        yield memory


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "store", encoder=HashEncoder(), secrets="refuse") as memory:
        yield memory


def document(*secrets: str, paragraphs: int = 3) -> str:
    words = "The lease of the studio runs until the end of the year and is renewed by letter. " * 9
    parts = [f"# Part {n}\n\n{words}\n\n" for n in range(paragraphs)]
    for place, secret in enumerate(secrets, 1):
        parts[place * len(parts) // (len(secrets) + 1)] += f"{secret}\n\n"
    return "".join(parts)


def put(memory: Memory) -> None:
    memory.put_records([Record("k", "s", 0, TOKEN)])


def replaced(memory: Memory) -> None:
    memory.update(memory.add("My token is secret.").key, f"It is {TOKEN}.")


def through_an_attachment(memory: Memory) -> None:
    exchange = Attachment(memory).recall([{"role": "user", "content": f"Keep {TOKEN}"}], "s")
    exchange.remember(f"Kept: {TOKEN}")


def exported(memory: Memory) -> None:
    path = Path(memory.url) / "export.jsonl"
    with Memory(":memory:", encoder=HashEncoder()) as other:
        other.add(f"It is {TOKEN}.")
        other.export(path)
    memory.import_(path)
    path.unlink()


ROADS: dict[str, Callable[[Memory], Any]] = {
    "text": lambda m: m.add(f"It is {TOKEN}."),
    "metadata": lambda m: m.add("x", metadata={"a": [{"b": f"{TOKEN}"}], TOKEN: 1}),
    "speaker": lambda m: m.add("x", speaker=f"Nora {TOKEN}"),
    "messages": lambda m: m.add_messages(SAID),
    "messages in place": lambda m: m.add_messages(SAID, start=3),
    "a document": lambda m: m.add_document(document(TOKEN)),
    "records": lambda m: m.add_records([Record("k", "s", 0, TOKEN)]),
    "put": put,
    "an update": replaced,
    "a chat": through_an_attachment,
    "an export": exported,
}


@pytest.mark.parametrize("road", ROADS.values(), ids=ROADS)
def test_no_file_of_the_store_holds_a_secret_that_was_redacted(
    memory: Memory, tmp_path: Path, road: Callable[[Memory], Any]
) -> None:
    road(memory)
    assert memory.count() > 0
    memory.close()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert TOKEN.encode() not in path.read_bytes(), path


def test_a_mark_says_what_was_there(memory: Memory) -> None:
    record = memory.add(f"It is {TOKEN}.", metadata={"note": [f"<{OTHER}>"]})
    assert record.text == "It is [secret removed: GitHub token]."
    assert record.metadata == {"note": ["<[secret removed: Slack token]>"]}


def test_what_was_removed_is_told_without_saying_it(
    memory: Memory, caplog: pytest.LogCaptureFixture
) -> None:
    added = memory.add_messages(SAID, session="s")
    assert [str(each) for each in added.removed] == ["a secret (GitHub token) in line 2 of s#0"]
    assert "a secret (GitHub token) in line 2 of s#0" in caplog.text
    assert TOKEN not in caplog.text + repr(added)


def test_a_conversation_that_is_sent_again_is_stored_once(memory: Memory) -> None:
    memory.add_messages(SAID[:2])
    again = memory.add_messages(SAID)
    assert (again.added, again.removed) == (("chat#2",), ())
    assert memory.count() == 3


def test_a_session_from_before_secrets_were_kept_out_goes_on(tmp_path: Path) -> None:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        memory.add_messages(SAID[:2])
    with Memory(tmp_path / "store", encoder=HashEncoder(), secrets="redact") as memory:
        assert memory.add_messages(SAID).added == ("chat#2",)


@pytest.mark.parametrize("road", ["text", "a document", "records", "messages in place"])
def test_what_is_added_again_is_stored_once(memory: Memory, road: str) -> None:
    ROADS[road](memory)
    count = memory.count()
    ROADS[road](memory)
    assert memory.count() == count


@pytest.mark.parametrize("road", ["records", "messages in place", "an export"])
def test_what_was_stored_before_secrets_were_kept_out_is_known(tmp_path: Path, road: str) -> None:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        ROADS["records"](memory)
        ROADS["messages in place"](memory)
        memory.export(tmp_path / "export.jsonl")
    with Memory(tmp_path / "store", encoder=HashEncoder(), secrets="redact") as memory:
        count = memory.count()
        again = {**ROADS, "an export": lambda m: m.import_(tmp_path / "export.jsonl")}[road]
        assert again(memory).added == ()
        assert memory.count() == count
        with pytest.raises(Conflict, match="is stored with another text"):
            memory.add_records([Record("k", "s", 0, "Other words.")])


def test_an_update_to_the_same_redacted_text_is_none(memory: Memory) -> None:
    key = memory.add(f"It is {TOKEN}.").key
    assert memory.update(key, f"It is {SECRETS['GitHub of an app']}.").key == key


@pytest.mark.parametrize("road", ROADS.values(), ids=ROADS)
def test_a_memory_that_refuses_secrets_stores_none(
    strict: Memory, caplog: pytest.LogCaptureFixture, road: Callable[[Memory], Any]
) -> None:
    if road is not through_an_attachment:  # the answer is the user's all the same
        with pytest.raises(InvalidInput, match="there is a secret") as caught:
            road(strict)
        assert TOKEN not in repr(caught.value) + str(caught.value)
    else:
        road(strict)
    assert "[secret" not in "".join(record.text for record in strict.scan())
    assert TOKEN not in caplog.text + "".join(record.text for record in strict.scan())


def test_a_refusal_says_where_the_secret_is(strict: Memory) -> None:
    with pytest.raises(InvalidInput, match=r"secret \(GitHub token\) in line 3 of k and 1 more:"):
        strict.add(f"a\nb\n{TOKEN}", key="k", speaker=OTHER)
    with pytest.raises(InvalidInput, match=r"in metadata\.a\.b of k"):
        strict.add("a", key="k", metadata={"a": {"b": TOKEN}})


@pytest.mark.parametrize("names", [{"source": TOKEN}, {"key": f"k {TOKEN}"}])
def test_a_name_that_is_a_secret_is_refused_and_not_repeated(
    memory: Memory, names: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput, match="name it otherwise") as caught:
        memory.add("x", **names)  # type: ignore[arg-type]
    assert TOKEN not in str(caught.value)
    assert memory.count() == 0


@pytest.mark.parametrize("name", ["key", "source", "kind", "role", "superseded_by", "origin"])
def test_a_secret_is_in_no_name_of_a_record(memory: Memory, name: str) -> None:
    record = replace(Record("k", "s", 0, "x"), **{name: TOKEN})
    with pytest.raises(InvalidInput, match=f"the {name} of a record holds a secret") as caught:
        memory.add_records([record])
    assert TOKEN not in str(caught.value)
    assert memory.count() == 0


def lines_of(key: str) -> list[str]:
    return [line for line in key.splitlines() if len(line) > 40]


def test_a_key_that_is_cut_into_passages_is_taken_out_of_all_of_them(memory: Memory) -> None:
    key = private_key(lines=250)
    added = memory.add_document(document(key))
    assert len({each.key for each in added.removed}) > 1  # it lies in several passages
    kept = "\n".join(record.text for record in memory.scan())
    assert not [line for line in lines_of(key) if line in kept]
    assert "renewed by letter" in kept


@pytest.mark.parametrize("secrets", ["redact", "refuse"])
def test_keys_in_an_import_are_found_across_batches(tmp_path: Path, secrets: str) -> None:
    keys = [private_key(lines=250) for _ in range(8)]
    path = tmp_path / "long.md"
    path.write_text(document(*keys, paragraphs=280), "utf-8")
    with Memory(tmp_path / "store", encoder=HashEncoder(8), secrets=secrets) as memory:
        report = import_path(memory, path)
        kept = "\n".join(record.text for record in memory.scan())
        assert not [line for key in keys for line in lines_of(key) if line in kept]
        told = "".join(map(str, (*report.problems, *report.removed)))
        assert not [line for key in keys for line in lines_of(key) if line in told]
        if secrets == "redact":
            assert (report.problem_count, report.removed_count > 8) == (0, True)
            again = import_path(memory, path)
            assert (again.added, again.removed_count) == ({"default": 0}, 0)
        else:
            assert (report.problem_count > 8, report.removed_count) == (True, 0)


def test_invalid_records_are_refused_as_ever(memory: Memory) -> None:
    for wrong in ({"text": None}, {"metadata": {"x": {1, 2}}}, {"source": 3}, {"speaker": 4}):
        with pytest.raises(InvalidInput):
            memory.add(**({"text": "x"} | wrong))  # type: ignore[arg-type]


def test_a_memory_allows_secrets_unless_told_otherwise(tmp_path: Path) -> None:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        assert memory.add(TOKEN).text == TOKEN


def test_a_guard_of_ones_own_scanner_can_be_used(tmp_path: Path) -> None:
    class Names:
        def find(self, text: str) -> Sequence[Secret]:
            place = text.find("Nora")
            return [Secret("name", place, place + 4)] if place >= 0 else []

    with Memory(tmp_path / "s", encoder=HashEncoder(), secrets=Redact(Names())) as memory:
        assert memory.add("Ask Nora.").text == "Ask [secret removed: name]."


def test_a_line_typed_in_a_chat_is_a_secret_as_a_memory_is(memory: Memory, strict: Memory) -> None:
    for guard in (memory.guard, strict.guard):
        assert holds_no_secret(guard, "Hello")
        assert not holds_no_secret(guard, f"My token is {TOKEN}")


def answered(memory: Memory, *said: str) -> str | None:
    """A conversation by turns, of which the last words are the answer; returns what was told."""
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": text} for n, text in enumerate(said[:-1])]
    return Attachment(memory).recall(messages, "s").remember(said[-1]).problem


def test_a_secret_in_an_answer_that_takes_the_place_of_another_is_told(memory: Memory) -> None:
    assert answered(memory, "What is the token?", "I cannot tell.") is None
    told = answered(memory, "What is the token?", f"It is {TOKEN}.")
    assert told == f"not stored: a secret (GitHub token) in line 1 of {memory.last('s', 1)[0].key}"
    assert answered(memory, "What is the token?", f"It is {TOKEN}.") is None  # it was told


def test_who_goes_back_to_an_answer_with_a_secret_has_it_again(memory: Memory) -> None:
    answered(memory, "What is the token?", f"It is {TOKEN}.")
    answered(memory, "What is the token?", "I cannot tell.")
    answered(memory, "What is the token?", f"It is {TOKEN}.", "Thanks.", "Welcome.")
    assert [record.text for record in memory.last("s", 4)] == [
        "What is the token?",
        "It is [secret removed: GitHub token].",
        "Thanks.",
        "Welcome.",
    ]


def test_what_the_model_reads_anyway_is_not_recalled_without_its_secret(memory: Memory) -> None:
    answered(memory, "What is the token of the bakery?", f"The token of the bakery is {TOKEN}.")
    memory.add("The token of the bakery is old.")
    again = Attachment(memory).recall(
        [
            {"role": "user", "content": "What is the token of the bakery?"},
            {"role": "assistant", "content": f"The token of the bakery is {TOKEN}."},
            {"role": "user", "content": "How old is the token of the bakery?"},
        ],
        "s",
    )
    recalled = [each.record.text for each in again.context.recollections]
    assert recalled == ["The token of the bakery is old."]


def test_an_unknown_policy_is_refused_before_a_store_is_made(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="choose one of allow, redact, refuse"):
        Memory(tmp_path / "store", encoder=HashEncoder(), secrets="hide")
    assert not (tmp_path / "store").exists()


def test_without_the_library_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kingfisher_sdk", None)
    with pytest.raises(MissingDependency, match=r"pip install 'remem\[secrets\]'"):
        Memory(tmp_path / "store", encoder=HashEncoder(), secrets="redact")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("REMEM_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("REMEM_ENCODER", "hash")
    monkeypatch.delenv("REMEM_SECRETS", raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_the_command_line_takes_secrets_out_and_says_so(
    run: Any, caplog: pytest.LogCaptureFixture
) -> None:
    code, out, _ = run("add", f"It is {TOKEN}.", "--secrets", "redact", "--json")
    assert code == 0
    assert json.loads(out)["text"] == "It is [secret removed: GitHub token]."
    # The log of the packages is what the command says on standard error.
    assert "not stored: a secret (GitHub token) in line 1 of notes#" in caplog.text


def test_the_environment_speaks_for_all_commands(run: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("REMEM_SECRETS", "refuse")
    code, out, err = run("add", f"It is {TOKEN}.")
    assert code != 0
    assert "there is a secret (GitHub token) in line 1" in err
    assert TOKEN not in out + err
    assert run("add", "Nothing secret.")[0] == 0


def test_an_import_counts_what_it_took_out(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "chat.json"
    path.write_text(json.dumps(SAID), "utf-8")
    code, out, err = run("import", str(path), "--secrets", "redact", "--json")
    [file] = json.loads(out)["files"]
    assert (code, file["removed_count"], file["added"]) == (0, 1, {"default": 3})
    assert TOKEN not in out + err
    code, out, err = run("import", str(path), "--secrets", "redact", "--json")
    assert json.loads(out)["unchanged"] == 3
    code, _, err = run("import", str(path), "--secrets", "refuse", "--namespace", "strict")
    assert (code, "1 problem" in err or "skipped" in err) == (3, True)


def test_the_help_names_the_policies(run: Any) -> None:
    assert "[allow|redact|refuse]" in run("add", "--help")[1]

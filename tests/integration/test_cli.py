"""The command line as a user meets it: arguments in, text and an exit code out.

Each call opens the store anew, so everything here also holds across a restart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import click
import pytest

from remem import Memory, Record
from tests.command_line import Remem, command_line
from tests.tiny_models import save_bert

MESSAGES = [
    {"role": "user", "name": "Nora", "content": "The kiln broke.", "time": "2024-03-17T20:30:00Z"},
    {
        "role": "user",
        "name": "Ravi",
        "content": "Oh no, moon mugs",
        "time": "2024-03-17T20:31:00Z",
    },
    {"role": "user", "name": "Ravi", "content": "I fly in May.", "time": "2024-05-01T09:00:00Z"},
]


@pytest.fixture
def remem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Remem:
    """Runs ``remem ARGUMENTS...`` on a store of its own, without a model."""
    monkeypatch.setenv("REMEM_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("REMEM_ENCODER", "hash")
    for name in ("REMEM_NAMESPACE", "REMEM_RERANKER", "REMEM_SECRETS", "REMEM_GENERATOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REMEM_CONFIG", str(tmp_path / "config.toml"))

    return command_line(monkeypatch, capsys)


@pytest.fixture
def chat_file(tmp_path: Path) -> Path:
    path = tmp_path / "chat.json"
    path.write_text(json.dumps([{"session": "kiln", "messages": MESSAGES}]))
    return path


# Remembering and finding ------------------------------------------------------------------------


def test_what_was_added_is_found_by_the_next_process(remem: Remem) -> None:
    added = remem("add", "Ravi is allergic to cashews", "--speaker", "Nora", "--at", "3 May 2024")
    assert added.code == 0
    found = remem("search", "who", "is", "allergic")
    assert found.code == 0
    for part in ("Ravi is allergic to cashews", "Nora", "3 May 2024, 00:00"):
        assert part in found.out


def test_add_reads_standard_input_and_keeps_metadata(remem: Remem) -> None:
    typed = "  Figs:\n\tcheap in September \n"
    remem("add", "-", "--metadata", '{"topic": "food"}', stdin=typed + "\n")
    found = remem("search", "figs", "--where", '{"metadata.topic": "food"}', "--json")
    assert [hit["record"]["text"] for hit in found.json["results"]] == [typed]


def test_what_is_shown_keeps_tabs_and_indentation(remem: Remem) -> None:
    remem("add", "  if hungry:\n\teat(fig)", "--key", "code")
    assert "\n  if hungry:\n\teat(fig)\n" in remem("show", "code").out
    assert "\teat(fig)" in remem("context", "hungry").out


def test_what_would_be_expired_already_is_refused(remem: Remem) -> None:
    failed = remem("add", "x", "--expires", "3 May 2024")
    assert failed.code == 2
    assert "3 May 2024, 00:00, which is past already" in failed.err
    assert remem("add", "x", "--expires", "2999").code == 0


def test_what_cannot_be_added_makes_no_store(remem: Remem, tmp_path: Path) -> None:
    for wrong in (["add", " "], ["add", "x", "--at", "soon"], ["add", "x", "--metadata", "["]):
        assert remem(*wrong).code == 2
    assert not (tmp_path / "store").exists()


def test_a_store_that_would_not_outlive_the_command_is_refused(remem: Remem) -> None:
    failed = remem("add", "x", "--store", ":memory:")
    assert (failed.code, failed.out) == (1, "")
    assert "name a folder with --store" in failed.err


def test_a_doubt_stands_before_what_it_is_about(remem: Remem, chat_file: Path) -> None:
    remem("import", str(chat_file))
    told = remem("search", "When does Nora fly?").out
    assert told.startswith("Nothing that is remembered says this of the person who is asked about;")
    assert "I fly in May." in told


def test_filters_narrow_a_search_to_speakers_and_dates(remem: Remem, chat_file: Path) -> None:
    remem("import", str(chat_file))

    def texts(*options: str) -> set[str]:
        results = remem("search", "kiln mugs fly", "--json", *options).json["results"]
        return {hit["record"]["text"] for hit in results}

    assert texts() == {message["content"] for message in MESSAGES}
    assert texts("--speaker", "Nora") == {"The kiln broke."}
    assert texts("--since", "May 2024") == {"I fly in May."}
    assert texts("--until", "2024-03", "--speaker", "Ravi") == {"Oh no, moon mugs"}


def test_explain_shows_what_a_score_is_made_of(remem: Remem, chat_file: Path) -> None:
    remem("import", str(chat_file))
    shown = " ".join(remem("search", "kiln", "--explain").out.split())
    assert "words 0." in shown
    assert "relevance" in shown
    explained = remem("search", "kiln", "--explain", "--json").json["results"][0]
    assert 0 < explained["relevance"] <= 1
    assert explained["score"] == pytest.approx(sum(explained["parts"].values()))
    assert explained["words"] == ["kiln"]


def test_a_reranker_has_its_part_in_the_score(
    remem: Remem, chat_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = str(save_bert(tmp_path / "reranker"))
    remem("import", str(chat_file))
    asked = ("search", "kiln", "--explain", "--json")
    first, *_ = remem(*asked, "--reranker", model).json["results"]
    assert 0 < first["parts"]["reranker"] <= 0.5
    assert first["score"] == pytest.approx(sum(first["parts"].values()))
    monkeypatch.setenv("REMEM_RERANKER", model)
    assert remem(*asked).json["results"][0] == first


def test_a_reranker_that_is_not_there_is_one_sentence(remem: Remem, chat_file: Path) -> None:
    remem("import", str(chat_file))
    failed = remem("search", "kiln", "--reranker", "./nowhere")
    assert failed.code == 1
    assert "there is no model folder" in failed.err


def test_a_search_that_finds_nothing_says_so_and_succeeds(remem: Remem) -> None:
    remem("add", "Something")
    found = remem("search", "something", "--speaker", "Nobody")
    assert (found.code, found.out) == (0, "Nothing found.\n")


def test_a_context_is_a_block_for_a_prompt_within_the_budget(remem: Remem, chat_file: Path) -> None:
    remem("import", str(chat_file))
    assert "The kiln broke." in remem("context", "what happened to the kiln").out
    long = "word " * 200
    remem("add", f"kiln {long}", "--key", "long")
    lines = remem("context", "kiln").out.splitlines()
    [shown] = [line for line in lines if line.startswith("[long]")]
    assert shown.startswith("[long] kiln word word")  # in one line, however long
    assert shown.endswith("word […]")
    block = remem("context", "kiln", "--budget", "150", "--json").json
    assert 0 < block["tokens"] <= 150


# Where options may stand, and what is said when they are wrong ----------------------------------


@pytest.mark.parametrize("command", ["search", "context"])
def test_now_decides_what_yesterday_means(remem: Remem, chat_file: Path, command: str) -> None:
    remem("import", str(chat_file))
    options = ("--json", "-k", "1") if command == "search" else ("--json", "--floor", "0")
    told = [
        remem(command, "what happened yesterday", "--now", day, *options).json
        for day in ("2024-03-18", "2024-05-02")
    ]
    if command == "search":
        march, may = (each["results"][0]["record"]["said_at"] for each in told)
        assert (march[:10], may[:10]) == ("2024-03-17", "2024-05-01")
    else:
        assert "Today is Monday 18 March 2024." in told[0]["text"]


def test_where_nothing_is_relevant_the_block_is_empty_and_the_error_stream_says_so(
    remem: Remem, chat_file: Path
) -> None:
    remem("import", str(chat_file))
    greeted = remem("context", "hello there")
    assert (greeted.code, greeted.out) == (0, "")
    assert "nothing relevant is remembered; --floor 0" in greeted.err
    assert remem("context", "hello there", "--json").json["memories"] == []
    assert "The kiln broke." in remem("context", "hello there", "--floor", "0").out


def test_a_floor_beyond_one_is_wrong_usage(remem: Remem) -> None:
    assert remem("context", "kiln", "--floor", "1.5").code == 2


def test_shared_options_stand_before_or_after_the_command(remem: Remem, tmp_path: Path) -> None:
    other = str(tmp_path / "other")
    remem("add", "A note for Ana", "--namespace", "ana", "--store", other)
    before = remem("--store", other, "--namespace", "ana", "--json", "search", "note")
    after = remem("search", "note", "--json", "--namespace", "ana", "--store", other)
    assert before.json == after.json
    assert before.json["namespace"] == "ana"


def test_an_unknown_namespace_names_those_that_exist(remem: Remem) -> None:
    remem("add", "x", "--namespace", "ana")
    remem("add", "y", "--namespace", "ben")
    for command in (
        ["search", "x"],
        ["sources"],
        ["context", "x"],
        ["forget", "--all"],
        ["export"],
    ):
        failed = remem(*command)
        assert failed.code == 1
        assert failed.err == (
            "remem: there is nothing in the namespace 'default'; "
            "choose one with --namespace: ana, ben\n"
        )


@pytest.mark.parametrize("command", [["search", "x"], ["stats"], ["verify"], ["show", "key"]])
def test_reading_from_a_store_that_is_not_there_makes_none(
    remem: Remem, tmp_path: Path, command: list[str]
) -> None:
    failed = remem(*command)
    assert failed.code == 1
    assert "there is no store at" in failed.err
    assert not (tmp_path / "store").exists()
    (tmp_path / "empty").mkdir()
    failed = remem(*command, "--store", str(tmp_path / "empty"))
    assert "there is no store at" in failed.err
    assert not any((tmp_path / "empty").iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["search"], "Missing argument 'QUERY'"),
        (["serach", "x"], "No such command 'serach'"),
        (["search", "x", "-k", "0"], "0 is not in the range x>=1"),
        (["forget"], "say what to forget"),
        (["forget", "--all", "--source", "s"], "say what to forget"),
        (["import"], "Missing argument"),
    ],
)
def test_wrong_usage_exits_with_2(remem: Remem, arguments: list[str], said: str) -> None:
    failed = remem(*arguments)
    assert failed.code == 2
    assert said in failed.err


@pytest.mark.parametrize(
    "options",
    [
        ["--where", "{not json"],
        ["--where", '{"colour": "red"}'],
        ["--where", "{}"],
        ["--where", '{"not": {"and": [{}]}}'],
        ["--since", "soonish"],
    ],
)
def test_a_wrong_filter_is_one_sentence(remem: Remem, options: list[str]) -> None:
    remem("add", "Something")
    failed = remem("search", "something", *options)
    assert failed.code == 2
    assert failed.err.count("\n") == 1


def test_a_store_that_is_a_file_is_one_sentence_and_debug_shows_where(
    remem: Remem, tmp_path: Path
) -> None:
    (tmp_path / "store").write_text("not a store")
    failed = remem("add", "x")
    assert failed.code == 1
    assert failed.err.startswith("remem: ")
    assert "Traceback" not in failed.err
    assert "Traceback" in remem("add", "x", "--debug").err


# Importing and exporting ------------------------------------------------------------------------


def test_import_says_what_it_found_and_a_second_run_adds_nothing(
    remem: Remem, chat_file: Path
) -> None:
    first = remem("import", str(chat_file), "--json")
    assert first.code == 0
    assert first.json["added"] == 3
    assert first.json["files"][0]["format"] == "OpenAI messages"
    second = remem("import", str(chat_file), "--json")
    assert (second.json["added"], second.json["unchanged"]) == (0, 3)
    assert "OpenAI messages" in remem("import", str(chat_file)).err


@pytest.mark.model
def test_import_of_another_language_than_english_offers_the_multilingual_encoder(
    remem: Remem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    german = tmp_path / "zoo.txt"
    german.write_text(
        "Am Samstag waren wir mit den Kindern im Zoo, und danach gab es noch ein Eis. "
        "Die Miete ist schon wieder teurer geworden, das ist doch nicht mehr normal.",
        encoding="utf-8",
    )
    assert "remem reindex multilingual" not in remem("import", str(german)).err  # it has another
    monkeypatch.delenv("REMEM_ENCODER")
    imported = remem("import", str(german), "--store", str(tmp_path / "other"))
    assert imported.code == 0
    assert "remem reindex multilingual" in imported.err


def test_import_skips_a_broken_record_and_exits_with_3(remem: Remem, tmp_path: Path) -> None:
    broken = tmp_path / "chat.jsonl"
    lines = [json.dumps({"messages": [message]}) for message in MESSAGES]
    broken.write_text("\n".join([lines[0], "{broken", lines[1]]))
    imported = remem("import", str(broken))
    assert imported.code == 3
    assert f"{broken}:2: " in imported.err
    assert "The kiln broke." in remem("search", "kiln").out


def test_import_of_a_file_that_is_not_there_is_one_sentence(remem: Remem, tmp_path: Path) -> None:
    failed = remem("import", str(tmp_path / "missing.json"))
    assert failed.code != 0
    assert "missing.json" in failed.err
    assert "Traceback" not in failed.err


def test_an_export_fills_another_store_with_the_same_records(
    remem: Remem, tmp_path: Path, chat_file: Path
) -> None:
    remem("import", str(chat_file))
    remem("add", "A note for Ana", "--namespace", "ana")
    file, other = str(tmp_path / "all.jsonl"), str(tmp_path / "other")
    assert remem("export", "--all", "-o", file).code == 0
    assert remem("import", file, "--store", other).code == 0
    assert remem("export", "--all", "--store", other).out == Path(file).read_text()


def test_an_import_of_nothing_says_so(remem: Remem, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    imported = remem("import", str(tmp_path / "folder"))
    assert imported.code == 0
    assert f"there is nothing to remember in {tmp_path / 'folder'}" in imported.err


def test_a_damaged_line_of_an_export_costs_only_itself(remem: Remem, tmp_path: Path) -> None:
    remem("add", "The first")
    remem("add", "The second")
    header, first, second = remem("export").out.splitlines()
    damaged = tmp_path / "damaged.jsonl"
    damaged.write_text("\n".join([header, first[:-20], second]))
    imported = remem("import", str(damaged), "--store", str(tmp_path / "other"))
    assert imported.code == 3
    assert f"{damaged}:2: " in imported.err
    assert "The second" in remem("export", "--store", str(tmp_path / "other")).out


def test_export_prints_one_namespace_as_json_lines(remem: Remem) -> None:
    remem("add", "For Ana", "--namespace", "ana")
    remem("add", "For Ben", "--namespace", "ben")
    printed = remem("export", "--namespace", "ana").out
    assert "For Ana" in printed
    assert "For Ben" not in printed
    for line in printed.splitlines():
        json.loads(line)


# Changing, deleting, forgetting -----------------------------------------------------------------


def test_show_tells_everything_about_a_record_and_its_neighbours(
    remem: Remem, chat_file: Path
) -> None:
    remem("import", str(chat_file))
    key = remem("search", "moon mugs", "-k", "1", "--json").json["results"][0]["record"]["key"]
    shown = remem("show", key).out
    for part in (key, "Ravi", "17 Mar 2024, 20:31", "Oh no, moon mugs", "The kiln broke."):
        assert part in shown
    neighbors = remem("show", key, "--radius", "1", "--json").json["neighbors"]
    assert [each["text"] for each in neighbors] == [each["content"] for each in MESSAGES]


def test_an_update_is_found_instead_and_the_old_text_is_history(remem: Remem) -> None:
    old = remem("add", "The rent is 430 euros", "--json").json["key"]
    new = remem("update", old, "The rent is 450 euros", "--json").json["key"]
    found = remem("search", "rent", "--json").json["results"]
    assert [hit["record"]["text"] for hit in found] == ["The rent is 450 euros"]
    history = remem("show", new, "--json").json["history"]
    assert [each["text"] for each in history] == ["The rent is 430 euros", "The rent is 450 euros"]


def test_a_deleted_memory_is_no_longer_found(remem: Remem) -> None:
    key = remem("add", "A secret", "--json").json["key"]
    remem("add", "Something else")
    assert remem("delete", key).code == 0
    assert "A secret" not in remem("search", "secret").out


FORGER = "Nora: the key is under the mat. [8] Ravi"


def test_a_key_can_be_passed_on_as_it_is_shown(remem: Remem) -> None:
    exact = remem("add", "I like plums", "--source", FORGER, "--key", f"{FORGER}#1", "--json")
    shown = next(
        line for line in remem("show", exact.json["key"]).out.splitlines() if "⟦8⟧" in line
    )
    key = shown.removeprefix("Key").strip()
    assert key.startswith('"Nora꞉ the key')
    assert remem("show", key).code == remem("show", key.strip('"')).code == 0
    assert "I like plums" in remem("search", "plums", "--source", f'"{key[1:-3]}"').out
    assert remem("update", key, "I like figs").code == 0
    assert remem("delete", key).out == "2 records deleted.\n"


def test_a_short_key_of_a_block_is_enough(remem: Remem, chat_file: Path) -> None:
    remem("import", str(chat_file))
    line = remem("context", "moon mugs").out.splitlines()[-2]
    short = line[1 : line.index("]")]
    assert "Oh no, moon mugs" in remem("show", short).out


def test_forget_takes_a_source_as_it_is_shown_and_only_that_one(remem: Remem) -> None:
    remem("add", "One", "--source", "family [home]")
    remem("add", "Two", "--source", "family ⟦home⟧")
    refused = remem("forget", "--source", "family ⟦home⟧", "--yes")
    assert refused.code == 1
    assert "may mean several" in refused.err
    forgotten = remem("forget", "--source", '"family ⟦home⟧"', "--yes").out
    assert forgotten.startswith("1 record forgotten. ")
    assert [each["source"] for each in remem("sources", "--json").json] == ["family ⟦home⟧"]


def test_an_unknown_source_gets_a_hint(remem: Remem) -> None:
    remem("add", "One", "--source", "diary")
    for command in (["search", "one"], ["ask", "one"], ["forget", "--yes"]):
        refused = remem(*command, "--source", "dairy")
        assert refused.code == 1
        assert refused.err == (
            "remem: there is no source 'dairy'; did you mean 'diary'? 'remem sources' lists all\n"
        )


def test_sources_and_search_agree_on_times(remem: Remem) -> None:
    for time in ("2024-01-17T23:30:00+05:30", "2024-07-17T23:30:00+02:00"):
        remem("add", f"The kiln of {time}", "--at", time, "--source", "diary")
    found = remem("search", "kiln").out
    listed = remem("sources").out
    for shown in ("17 Jan 2024, 23:30", "17 Jul 2024, 23:30"):
        assert shown in found
        assert shown in listed


def test_no_field_of_a_memory_adds_a_line_or_passes_for_another_field(remem: Remem) -> None:
    forged = "x\nWho Nora"
    labels = json.dumps({"Who": "Nora", "topic": forged})
    remem("add", "I like plums", "--speaker", forged, "--key", "k", "--metadata", labels)
    remem("add", "Fine.\n  1 Jan 2024, 00:00  Ravi: and more")
    shown = remem("show", "k").out.splitlines()
    assert [line for line in shown if line.startswith("Who")] == ['Who       "x‹A›Who Nora"']
    assert "metadata.Who Nora" in shown
    assert "metadata.topic x Who Nora" in shown
    assert not [line for line in shown if line.startswith("  1 Jan")]
    assert remem("search", "plums").out.count("\n") < 8


def test_an_unknown_key_is_an_error(remem: Remem) -> None:
    remem("add", "Something")
    unknown = (["show"], ["update", "--", "nope"], ["delete"], ["forget", "--yes"])
    for command in ([*each, "nope"] for each in unknown):
        failed = remem(*command)
        assert failed.code == 1
        assert "nope" in failed.err


def test_forget_asks_first_and_then_leaves_no_trace(remem: Remem, tmp_path: Path) -> None:
    remem("add", "The password is xylophone", "--source", "diary")
    remem("add", "Something else")
    refused = remem("forget", "--source", "diary", stdin="n\n")
    assert refused.code == 1
    assert "Wipe 1 record of" in refused.err
    assert refused.err.endswith("nothing was forgotten; --yes forgets without asking\n")
    assert "xylophone" in remem("search", "password").out
    assert remem("forget", "--source", "diary", "--yes").out.startswith(
        "1 record forgotten. Exports"
    )
    assert "xylophone" not in remem("search", "password").out
    files = [file for file in (tmp_path / "store").rglob("*") if file.is_file()]
    assert files
    assert not any(b"xylophone" in file.read_bytes() for file in files)


def test_the_encoder_of_a_store_is_shown_by_its_name(remem: Remem) -> None:
    remem("add", "One thing")
    assert "dimensions, hash\n" in remem("stats").out


def test_everything_is_forgotten_only_by_its_own_option(remem: Remem) -> None:
    remem("add", "One thing", "--key", "one")
    remem("add", "Another thing")
    assert remem("forget", "--where", "{}", "--yes").code == 2
    assert remem("forget", "one", "--where", '{"and": []}', "--yes").code == 2
    assert remem("stats", "--json").json["records"] == {"default": 2}
    assert remem("forget", "--all", "--yes", "--json").json == {
        "forgotten": 2,
        "typed_lines": 0,
    }


# Answering --------------------------------------------------------------------------------------


def test_ask_quotes_who_said_it_and_when_without_asking_a_model(
    remem: Remem, chat_file: Path
) -> None:
    remem("import", str(chat_file))
    said = remem("ask", "what broke", "-k", "1").out
    assert said == "“The kiln broke.”\n  Nora, 17 Mar 2024, 20:30, kiln#1\n"
    told = remem("ask", "what broke", "--json").json["quotes"]
    assert (told[0]["text"], told[0]["record"]["key"]) == ("The kiln broke.", "kiln#1")


def test_ask_says_that_nobody_said(remem: Remem, chat_file: Path) -> None:
    remem("import", str(chat_file))
    said = remem("ask", "how are you?")
    assert (said.code, said.out) == (0, "Nobody said. 'remem search' shows what comes nearest.\n")
    assert remem("ask", "how are you?", "--json").json["quotes"] == []


def test_ask_understands_times_as_of_another_day(remem: Remem, chat_file: Path) -> None:
    remem("import", str(chat_file))
    asked = remem("ask", "what broke yesterday?", "--now", "2024-03-18", "--json").json
    assert asked["quotes"][0]["text"] == "The kiln broke."
    generated = remem("ask", "what broke?", "--now", "2024-03-18", "--generator", "echo").out
    assert "18 March 2024" in generated


def test_an_answer_without_memories_needs_a_model_to_give_it(remem: Remem) -> None:
    refused = remem("ask", "what broke", "--no-memory")
    assert refused.code == 2
    assert "--generator" in refused.err


def test_ask_gives_the_model_what_was_recalled(remem: Remem, chat_file: Path) -> None:
    remem("import", str(chat_file))
    assert "The kiln broke." in remem("ask", "what broke", "--generator", "echo").out
    without = remem("ask", "what broke", "--generator", "echo", "--no-memory", "--json").json
    assert without == {"question": "what broke", "memories": [], "answer": "user: what broke"}


def test_small_talk_is_answered_without_memories(remem: Remem, chat_file: Path) -> None:
    remem("import", str(chat_file))
    said = remem("ask", "how are you?", "--generator", "echo").out
    assert said == "  nothing relevant is remembered\nuser: how are you?\n"


def test_chat_remembers_what_both_said_and_recalls_it_in_the_next_chat(remem: Remem) -> None:
    typed = "My bicycle is green.\nReally green.\n/quit\n"
    assert remem("chat", "--generator", "echo", "--speaker", "Nora", stdin=typed).code == 0
    (source,) = remem("sources", "--json").json
    assert source["records"] == 4
    again = remem("chat", "--generator", "echo", stdin="What colour is my bicycle?\n")
    assert "My bicycle is green." in again.out


def test_chat_recalls_its_own_turns_that_the_model_no_longer_reads(remem: Remem) -> None:
    turns = ["My bicycle is green.", *(f"Filler number {n}." for n in range(6)), "bicycle"]
    lines = remem("chat", "--generator", "echo", "--json", stdin="\n".join(turns) + "\n").out
    exchanges = [json.loads(line) for line in lines.splitlines()]
    assert [each["question"] for each in exchanges] == turns
    recalled = [[memory["record"]["text"] for memory in each["memories"]] for each in exchanges]
    assert recalled[:6] == [[]] * 6  # the model still reads all that was said
    assert "My bicycle is green." in recalled[7]
    assert not any("Filler number 5." in text for text in recalled[7])


# Looking after a store --------------------------------------------------------------------------


def test_sources_and_stats_count_what_is_there(remem: Remem, chat_file: Path) -> None:
    remem("import", str(chat_file))
    remem("add", "x", "--namespace", "ana")
    (source,) = remem("sources", "--json").json
    assert (source["records"], source["first_said_at"]) == (3, "2024-03-17T20:30:00+00:00")
    assert remem("stats", "--json").json["records"] == {"ana": 1, "default": 3}
    here = datetime(2024, 3, 17, 20, 30, tzinfo=timezone.utc).astimezone()
    assert f"{here:%d %b %Y, %H:%M}" in remem("sources").out
    assert "ana" in remem("stats").out


def test_verify_and_rebuild_answer_for_a_healthy_store(remem: Remem, chat_file: Path) -> None:
    remem("import", str(chat_file))
    assert remem("verify", "--json").json == {"ok": True, "records": 3, "problems": []}
    assert remem("rebuild").code == 0
    assert remem("verify").out == "3 records checked; 0 problems.\n"


def test_reindex_switches_the_store_to_another_encoder(
    remem: Remem, monkeypatch: pytest.MonkeyPatch
) -> None:
    remem("add", "The kiln broke.")
    before = remem("stats", "--json").json["space"]
    monkeypatch.setattr("remem.encoders.opening.HashEncoder.fingerprint", "hash:another")
    refused = remem("search", "kiln")
    assert refused.code == 1
    assert "'remem reindex hash'" in refused.err
    assert "encoded by hash now" in remem("reindex").out
    assert remem("stats", "--json").json["space"]["fingerprint"] == "hash:another"
    assert before["fingerprint"] != "hash:another"
    assert "The kiln broke." in remem("search", "kiln").out


# The terminal -----------------------------------------------------------------------------------


def test_a_memory_cannot_send_escape_sequences_to_the_terminal(remem: Remem) -> None:
    key = remem("add", "red \x1b[31malert\x1b]0;title\x07", "--speaker", "E\x1b[2Jve", "--json")
    for command in (["search", "alert"], ["show", key.json["key"]], ["context", "alert"]):
        assert "\x1b" not in remem(*command).out
    assert "\x1b[31m" in remem("search", "alert", "--json").json["results"][0]["record"]["text"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_each_shell(remem: Remem, shell: str) -> None:
    printed = remem("completion", shell)
    assert printed.code == 0
    assert "_REMEM_COMPLETE" in printed.out
    told = remem("completion", shell, "--json").json
    assert told == {"shell": shell, "script": printed.out.removesuffix("\n")}


def test_the_version_is_the_distribution_s(remem: Remem) -> None:
    assert remem("--version").out.startswith("remem 0.")


def _commands() -> Iterator[tuple[str, click.Command]]:
    from remem.cli.app import program

    for name, command in program.commands.items():
        if isinstance(command, click.Group):
            yield from ((f"{name} {each}", command.commands[each]) for each in command.commands)
        else:
            yield name, command


def test_every_command_shows_examples_that_its_options_allow(remem: Remem) -> None:
    for name, command in _commands():
        told = remem(*name.split(), "--help").out
        assert "Examples:" in told
        assert f"remem {name}" in told.partition("Examples:")[2]
        assert command.get_short_help_str(64).endswith(".")
        assert not command.get_short_help_str(64).endswith("...")


def test_what_is_superseded_is_listed_explained_and_taken_back(remem: Remem) -> None:
    remem("add", "I live in Berlin.", "--at", "2023-03-01", "--key", "old")
    remem("add", "Moved again: Lisbon!", "--at", "2025-05-03", "--key", "new")
    [listed] = remem("history", "--json").json["supersessions"]
    assert (listed["about"], listed["older"]["key"], listed["newer"]["key"]) == (
        "home",
        "old",
        "new",
    )
    assert "until 3 May 2025" in remem("search", "Where do I live?").out
    assert "(until 3 May 2025): I live in Berlin." in remem("context", "Where do I live?").out
    assert remem("undo", "old").out == "old is true beside the newer statements.\n"
    assert remem("history").out == "Nothing is superseded.\n"
    assert "until" not in remem("search", "Where do I live?").out


def test_the_history_of_a_memory_has_its_versions_too(remem: Remem) -> None:
    remem("add", "The code is 1234.", "--key", "code")
    remem("update", "code", "The code is 5678.")
    versions = remem("history", "code", "--json").json["versions"]
    assert [each["text"] for each in versions] == ["The code is 1234.", "The code is 5678."]


def test_a_conversation_is_shown_with_the_title_that_its_export_gave_it(
    remem: Remem, tmp_path: Path
) -> None:
    message = {
        "id": "m1",
        "author": {"role": "user"},
        "create_time": 1740909600,
        "content": {"content_type": "text", "parts": ["My starter smells of vinegar."]},
    }
    conversation = {
        "conversation_id": "68a1f0e2",
        "title": "Sourdough for beginners",
        "current_node": "a",
        "mapping": {"a": {"id": "a", "parent": None, "children": [], "message": message}},
    }
    (tmp_path / "conversations.json").write_text(json.dumps([conversation]))
    assert remem("import", str(tmp_path / "conversations.json")).code == 0
    assert remem("sources", "--json").json[0]["title"] == "Sourdough for beginners"
    asked = (("sources",), ("search", "vinegar"), ("ask", "what does my starter smell of"))
    for command in asked:
        assert "Sourdough for beginners" in remem(*command).out
    titled = ("--source", "Sourdough for beginners")
    assert "vinegar" in remem("search", "starter", *titled).out
    assert "1 record forgotten" in remem("forget", *titled, "--yes").out


def test_sources_are_read_once_each(remem: Remem, monkeypatch: pytest.MonkeyPatch) -> None:
    for source in ("a", "b"):
        remem("add", "A word.", "--source", source)
    asked: list[str] = []
    last = Memory.last

    def noted(memory: Memory, source: str, count: int) -> list[Record]:
        asked.append(source)
        return last(memory, source, count)

    monkeypatch.setattr(Memory, "last", noted)
    assert remem("sources").code == 0
    assert asked == ["a", "b"]

"""Transcripts of coding agents: turns, calls with their exit codes, edits, and whose they are."""

import json
from datetime import datetime, timezone

import pytest

from remem.ingest.agents.calls import HEAD, TAIL
from remem.ingest.agents.places import places
from remem.projects import namespace_of, project_of
from tests.agent_transcripts import (
    ALL,
    ASKED,
    COMMAND,
    DECIDED,
    FAILED,
    claude_code,
    codex,
    cursor,
    lines,
    repository,
    written,
)

every_agent = pytest.mark.parametrize("agent", ALL)
NAMES = {"claude-code": "Claude Code session", "codex": "Codex session"}
NAMES |= {"gemini-cli": "Gemini CLI session", "opencode": "OpenCode sessions"}
NAMES |= {"cursor": "Cursor conversations", "vscode": "VS Code chat"}


@pytest.fixture
def folder(tmp_path):
    return repository(tmp_path / "work" / "kiln")


@every_agent
def test_a_session_is_known_by_what_is_in_it(agent, tmp_path, folder, read):
    reading = read(ALL[agent](tmp_path, folder))
    assert reading.format == NAMES[agent.split()[0]]
    assert reading.problems == []


@every_agent
def test_people_and_agents_say_what_they_said(agent, tmp_path, folder, read):
    records = read(ALL[agent](tmp_path, folder)).records
    said = [(each.role, each.origin, each.text) for each in records if each.kind == "turn"]
    said = [each for each in said if each[2] != "I run the build first."]
    assert said == [("user", "person", ASKED), ("assistant", "assistant", DECIDED)]
    assert {each.source for each in records} == {records[0].source}
    assert records == sorted(records, key=lambda each: each.position)
    assert records[0].said_at is not None
    assert records[0].said_at.date() == datetime(2026, 1, 1, tzinfo=timezone.utc).date()


@every_agent
def test_calls_keep_their_command_exit_code_edit_and_files(agent, tmp_path, folder, read):
    records = read(ALL[agent](tmp_path, folder)).records
    failed, edited, built = (each for each in records if each.kind == "call")
    assert {each.origin for each in (failed, edited, built)} == {"tool"}
    assert failed.text.startswith(f"$ {COMMAND}\n(exit code 1)\n")
    assert FAILED in failed.text
    assert failed.metadata["exit_code"] == 1
    assert edited.metadata["files"][0].endswith("pyproject.toml")
    assert "setuptools<81" in edited.text
    assert "built" in built.text
    assert built.metadata["exit_code"] == 0


@every_agent
def test_a_session_belongs_to_its_repository(agent, tmp_path, folder, read):
    records = read(ALL[agent](tmp_path, folder)).records
    assert {project_of(each.metadata) for each in records} == {"code/github.com/ana/kiln"}


@every_agent
def test_what_an_agent_keeps_is_found_where_it_keeps_it(agent, tmp_path, folder):
    path = ALL[agent](tmp_path, folder)
    found = {each: place.agent for place in places(tmp_path, {}) for each in place.paths()}
    assert found == {path: agent.split()[0]}


def test_keys_are_those_of_the_agent(tmp_path, folder, read):
    keys = read(claude_code(tmp_path, folder)).keys
    assert keys[0] == "claude-code/5c7e0f3a-1b2c#u2"
    assert "claude-code/5c7e0f3a-1b2c#toolu_1" in keys


def test_of_a_long_output_the_middle_is_left_out_and_counted(tmp_path, folder, read):
    [built] = [
        each for each in read(claude_code(tmp_path, folder)).records if "#toolu_3" in each.key
    ]
    assert len(built.text) < HEAD + TAIL + 200
    assert "characters left out ...]" in built.text


def test_thoughts_helpers_and_the_programs_own_words_are_left_out(tmp_path, folder, read):
    texts = " ".join(
        read(make(tmp_path / name.replace(" ", "-"), folder)).texts[0] for name, make in ALL.items()
    )
    everything = json.dumps(read(claude_code(tmp_path, folder)).texts) + texts
    for left_out in (
        "Hmm.",
        "Caveat",
        "Find all callers",
        "environment_context",
        "Called the Read",
    ):
        assert left_out not in everything


def test_nothing_but_conversations_is_read_of_a_database(tmp_path, folder, read):
    everything = json.dumps([str(each) for each in read(cursor(tmp_path, folder)).records])
    assert "never read" not in everything


def test_a_broken_line_costs_only_itself(tmp_path, folder, read):
    path = claude_code(tmp_path, folder)
    path.write_text(path.read_text() + '{"type": "user", "mess')
    reading = read(path)
    assert len(reading.problems) == 1
    assert reading.texts[-1] == DECIDED


def test_codex_of_before_has_its_items_on_the_lines_themselves(tmp_path, read):
    said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": ASKED}]}
    begin = {"id": "s1", "timestamp": "2025-06-01T10:00:00.000Z", "instructions": None, "git": {}}
    reading = read(
        written(tmp_path / "rollout-1.jsonl", lines([begin, {"record_type": "state"}, said]))
    )
    assert reading.format == "Codex session"
    assert [(each.text, each.source) for each in reading.records] == [(ASKED, "codex/s1")]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("git@github.com:ana/kiln.git", "code/github.com/ana/kiln"),
        ("https://ana:secret@GitHub.com/ana/kiln", "code/github.com/ana/kiln"),
        ("ssh://git@git.example.org:2222/team/kiln.git/", "code/git.example.org/team/kiln"),
        ("/srv/git/kiln.git", None),
    ],
)
def test_a_repository_is_called_after_where_it_came_from(url, name, tmp_path):
    folder = repository(tmp_path / "kiln", url)
    (folder / "src").mkdir()
    expected = name or f"code/{str(folder).strip('/')}"
    assert namespace_of(str(folder / "src")) == expected


def test_worktrees_are_one_project(tmp_path):
    main = repository(tmp_path / "kiln", None)
    notes = main / ".git" / "worktrees" / "fix"
    written(notes / "commondir", "../..\n")
    written(tmp_path / "fix" / ".git", f"gitdir: {notes}\n")
    assert namespace_of(str(tmp_path / "fix")) == namespace_of(str(main))


def test_a_folder_that_is_gone_is_called_after_its_path():
    assert namespace_of("/home/ana/gone") == "code/home/ana/gone"
    assert namespace_of("C:\\Users\\ana\\gone") == "code/C:/Users/ana/gone"


def test_codex_is_of_its_repository_though_the_folder_is_gone(tmp_path, read):
    records = read(codex(tmp_path, tmp_path / "gone")).records
    assert project_of(records[0].metadata) == "code/github.com/ana/kiln"


def test_a_change_to_a_request_that_is_not_there_is_a_problem(tmp_path, folder, read):
    path = ALL["vscode journal"](tmp_path, folder)
    change = {"kind": 1, "k": ["requests", 9, "result"], "v": {}}
    path.write_text(path.read_text() + json.dumps(change) + "\n")
    reading = read(path)
    assert len(reading.problems) == 1
    assert any(record.text == ASKED for record in reading.records)

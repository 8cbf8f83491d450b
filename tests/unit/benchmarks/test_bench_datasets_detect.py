"""Which data set a path holds, and what is said where it holds none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from remem.benchmarks.datasets.detect import OFFICIAL_READERS, detect
from remem.store import InvalidInput

LOCOMO = [{"qa": [], "conversation": {"session_1": [{"dia_id": "D1:1", "text": "Hi"}]}}]
LONGMEMEVAL = [{"question_id": "q", "haystack_sessions": [[{"role": "user", "content": "Hi"}]]}]
DOCUMENT = {"_id": "d", "title": "t", "text": "x"}
QUESTION = {"question": "Who?", "evidence": "me"}


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_formats_are_known_by_what_is_in_them(tmp_path):
    paths = [
        write(tmp_path / "a.json", LOCOMO),
        write(tmp_path / "b.json", LONGMEMEVAL),
        write(tmp_path / "c" / "corpus.jsonl", DOCUMENT).parent,
        write(tmp_path / "d" / "questions.jsonl", QUESTION).parent,
    ]
    assert [detect(path).name for path in paths] == [
        "LoCoMo a.json",
        "LongMemEval, both roles: b.json",
        "BEIR c",
        "d",
    ]
    assert [detect(path).path for path in paths] == paths


def test_a_folder_with_one_data_set_stands_for_it(tmp_path):
    path = write(tmp_path / "a.json", LOCOMO)
    (tmp_path / "LICENCE").write_text("free", encoding="utf-8")
    assert detect(tmp_path).path == path


def test_of_a_folder_with_several_data_sets_one_must_be_named(tmp_path):
    write(tmp_path / "a.json", LOCOMO)
    write(tmp_path / "b.json", LONGMEMEVAL)
    with pytest.raises(InvalidInput, match=r"name one of them: a\.json, b\.json"):
        detect(tmp_path)


def test_the_official_protocol_can_be_asked_for(tmp_path):
    path = write(tmp_path / "b.json", LONGMEMEVAL)
    assert detect(path, OFFICIAL_READERS).name == "LongMemEval, official protocol: b.json"


def test_a_format_without_an_official_protocol_is_refused_by_its_readers(tmp_path):
    path = write(tmp_path / "a.json", LOCOMO)
    with pytest.raises(InvalidInput, match=r"known formats are: LongMemEval, official protocol$"):
        detect(path, OFFICIAL_READERS)


def test_what_cannot_be_measured_is_said_in_one_sentence(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "full" / "deeper").mkdir(parents=True)
    (tmp_path / "nothing.json").touch()
    (tmp_path / "cut.json").write_text('[{"qa": [{"questi', encoding="utf-8")
    sentences = {
        "missing": "there is no file or folder ",
        "empty": "is an empty folder; known formats are: LoCoMo; ",
        "full": "holds no data set; ",
        "nothing.json": "is an empty file; ",
        "cut.json": "is of no known format, or cut short; ",
    }
    for name, sentence in sentences.items():
        with pytest.raises(InvalidInput) as raised:
            detect(tmp_path / name)
        assert sentence in str(raised.value)

"""Reading JSON in pieces gives what reading it whole gives."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remem.ingest import Problem, jsonstream
from remem.ingest.files import Files
from remem.ingest.jsonstream import json_values, sniff

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path, where="item"):
    return list(json_values(Files(path), path.name, where))


@pytest.fixture
def tiny_chunks(monkeypatch):
    monkeypatch.setattr(jsonstream, "_CHUNK", 1)


@SHARED
@given(values=st.lists(VALUES, max_size=5), indent=st.sampled_from([None, 2]))
def test_pieces_are_the_elements_wherever_a_chunk_ends(tiny_chunks, write, values, indent):
    path = write("a.json", json.dumps(values, indent=indent))
    assert json.dumps(read(path)) == json.dumps(values)


@SHARED
@given(values=st.lists(VALUES, min_size=1, max_size=5), cut=st.integers(1, 200))
def test_a_list_that_is_cut_gives_its_whole_elements_and_one_problem(write, values, cut):
    text = json.dumps(values)
    *elements, problem = read(write("a.json", text[: max(1, len(text) - cut)]))
    assert isinstance(problem, Problem)
    assert json.dumps(elements)[1:-1] == json.dumps(values)[1:][: len(json.dumps(elements)) - 2]


def test_a_list_inside_an_object_is_read_by_its_path(write):
    path = write("a.json", {"id": 1, "messages": ["a", {"messages": ["no"]}], "end": [2]})
    assert read(path, "messages.item") == ["a", {"messages": ["no"]}]


def test_what_follows_a_syntax_error_is_reported_and_not_read(write):
    *elements, problem = read(write("a.json", "[1, 2, nope, 4]"))
    assert elements == [1, 2]
    assert "character 7" in problem.reason


def test_a_file_without_the_list_is_reported(write):
    for content in ({"a": 1}, {"messages": 3}, 5):
        (problem,) = read(write("a.json", content), "messages.item")
        assert "no list in 'messages'" in problem.reason


def test_nesting_without_end_is_reported(write):
    assert isinstance(read(write("a.json", "[" * 100_000))[-1], Problem)


def test_sniffing_ends_after_the_first_elements(write):
    path = write("a.json", [{"a": {"b": 1}, "c": [2]}, *[{"e": 3}] * 9, {"d": 3}])
    assert {"item.a.b", "item.c", "item.e"} <= sniff(Files(path), path.name)
    assert "item.d" not in sniff(Files(path), path.name)


def test_sniffing_looks_behind_a_long_first_value(write):
    path = write("a.json", [{"a": "x" * (1 << 20), "b": 1}])
    assert "item.b" in sniff(Files(path), path.name)


def test_sniffing_a_file_that_has_changed_looks_again(write):
    path = write("a.json", [{"a": 1}])
    assert "item.a" in sniff(Files(path), path.name)
    write("a.json", [{"bcd": 1}])
    assert "item.bcd" in sniff(Files(path), path.name)

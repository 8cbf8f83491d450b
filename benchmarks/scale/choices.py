"""What the options of ``remem bench scale`` mean."""

from __future__ import annotations

import re
from typing import Any

import click

from benchmarks.scale.systems import PEERS

__all__ = ["Namespaces", "Peers", "Sizes"]


class Sizes(click.ParamType[tuple[int, ...]]):
    """Numbers of records with commas between them."""

    name = "NUMBERS"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """From what was typed, smallest first."""
        if isinstance(value, tuple):
            return value
        if not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", value):
            self.fail(f"{value!r} is not a list of numbers such as 10000,100000", param, ctx)
        return tuple(sorted({int(each) for each in value.split(",")}))


class Peers(click.ParamType[tuple[str, ...]]):
    """Names of systems with commas between them."""

    name = "NAMES"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """From what was typed, in the order of ``PEERS``."""
        if isinstance(value, tuple):
            return value
        names = {each.strip() for each in value.split(",") if each.strip()}
        if "all" in names:
            return tuple(PEERS)
        unknown = sorted(names - PEERS.keys())
        if unknown:
            known = ", ".join([*PEERS, "all"])
            self.fail(f"there is no peer {unknown[0]!r}; choose from {known}", param, ctx)
        return tuple(name for name in PEERS if name in names)


class Namespaces(click.ParamType[tuple[int, int]]):
    """How many namespaces, and records in each."""

    name = "NxM"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """From what was typed."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", value)
        if not found:
            self.fail(f"{value!r} is not of the form 10000x100", param, ctx)
        return int(found[1]), int(found[2])

"""What the options of ``remem bench scale`` mean, as callbacks for click."""

from __future__ import annotations

import re

import click

from benchmarks.scale.systems import PEERS

__all__ = ["as_namespaces", "as_peers", "as_sizes"]


def as_sizes(
    ctx: click.Context,  # noqa: ARG001
    param: click.Parameter,  # noqa: ARG001
    value: str | None,
) -> tuple[int, ...] | None:
    """Numbers of records with commas between them, smallest first; None if none were given."""
    if value is None:
        return None
    if not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", value):
        raise click.BadParameter(f"{value!r} is not a list of numbers such as 10000,100000")
    return tuple(sorted({int(each) for each in value.split(",")}))


def as_peers(
    ctx: click.Context,  # noqa: ARG001
    param: click.Parameter,  # noqa: ARG001
    value: str,
) -> tuple[str, ...]:
    """Names of systems with commas between them, in the order of ``PEERS``."""
    names = {each.strip() for each in value.split(",") if each.strip()}
    if "all" in names:
        return tuple(PEERS)
    unknown = sorted(names - PEERS.keys())
    if unknown:
        known = ", ".join([*PEERS, "all"])
        raise click.BadParameter(f"there is no peer {unknown[0]!r}; choose from {known}")
    return tuple(name for name in PEERS if name in names)


def as_namespaces(
    ctx: click.Context,  # noqa: ARG001
    param: click.Parameter,  # noqa: ARG001
    value: str | None,
) -> tuple[int, int] | None:
    """How many namespaces, and records in each; None if it was not given."""
    if value is None:
        return None
    found = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", value)
    if not found:
        raise click.BadParameter(f"{value!r} is not of the form 10000x100")
    return int(found[1]), int(found[2])

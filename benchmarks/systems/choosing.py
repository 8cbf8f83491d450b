"""Names to systems."""

from __future__ import annotations

from benchmarks.systems.base import System
from benchmarks.systems.baselines import BASELINES, Unasked
from benchmarks.systems.peers import PEERS
from benchmarks.systems.remem import LEGS, Remem
from store import InvalidInput

__all__ = ["GROUPS", "UNASKED", "choose"]

_SYSTEMS: dict[str, System] = {
    **{system.name: system for system in (Remem(), *BASELINES, *LEGS)},
    **{name: peer() for name, peer in PEERS.items()},
}

GROUPS = {
    "ours": [Remem().name, *(system.name for system in BASELINES)],
    "legs": [system.name for system in LEGS],
    "peers": list(PEERS),
    "all": list(_SYSTEMS),
}
"""Names of several systems: remem and the baselines, each of remem's legs alone, the peers, all."""

UNASKED = frozenset(system.name for system in BASELINES if isinstance(system, Unasked))
"""Those that show the same whatever is asked, one of them everything: nobody has to beat these."""


def choose(names: str) -> list[System]:
    """The systems of a list of names or groups with commas between them, each once, in order.

    Raises:
        InvalidInput: a name is unknown, or there is none.
    """
    parts = [part.strip() for part in names.split(",") if part.strip()]
    chosen = list(dict.fromkeys(name for part in parts for name in GROUPS.get(part, [part])))
    unknown = [name for name in chosen if name not in _SYSTEMS]
    if unknown or not chosen:
        wrong = f"there is no system {unknown[0]!r}" if unknown else "no system is named"
        raise InvalidInput(f"{wrong}; choose from {', '.join([*GROUPS, *_SYSTEMS])}")
    return [_SYSTEMS[name] for name in chosen]

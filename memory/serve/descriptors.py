"""Files that a process may have open: connections are some of them, and must leave some over."""

from __future__ import annotations

import sys
from pathlib import Path

from store import InvalidInput

__all__ = ["room_for"]

_FEWEST = 8


def room_for(connections: int) -> int:
    """The connections that the process can hold: as many as are wanted, if the system permits.

    The limit of the process is raised as far as it takes. Half of what is free then stays free:
    for the store and the upstream, and for those who come faster than others are turned away.

    Raises:
        InvalidInput: so few files may be open that nobody could be served.
    """
    if sys.platform == "win32":
        return connections
    import resource

    used = len(list(Path("/dev/fd").iterdir()))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = used + 2 * connections
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return connections
    room = min(connections, (soft - used) // 2)
    if room < _FEWEST:
        raise InvalidInput(
            f"this process may have {soft} files open and needs more; allow them, as with "
            "'ulimit -n 1024'"
        )
    return room

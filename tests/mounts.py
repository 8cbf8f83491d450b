"""A folder as a process sees it on a read-only mount, which is true for root too."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tests.crash.processes import elsewhere

__all__ = ["mount_read_only", "reading_only"]

T = TypeVar("T")

_NEW_MOUNTS, _NEW_USER = 0x20000, 0x10000000
_READ_ONLY, _REMOUNT, _BIND, _ALL_BELOW, _PRIVATE = 1, 32, 4096, 16384, 1 << 18


def reading_only(folder: Path, function: Callable[..., T], *arguments: Any) -> T:
    """Call a module-level function in a process for which a folder is mounted read-only."""
    return elsewhere(_mounted, folder, function, *arguments)


def mount_read_only(folder: Path) -> None:
    """Mount a folder over itself, for this process and those that it starts."""
    user, group = os.getuid(), os.getgid()
    _system("unshare", _NEW_MOUNTS | (0 if user == 0 else _NEW_USER))
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    path = os.fsencode(folder)
    _system("mount", b"none", b"/", None, _ALL_BELOW | _PRIVATE, None)
    _system("mount", path, path, None, _BIND, None)
    _system("mount", b"none", path, None, _REMOUNT | _BIND | _READ_ONLY, None)


def _mounted(folder: Path, function: Callable[..., T], *arguments: Any) -> T:
    mount_read_only(folder)
    return function(*arguments)


def _system(call: str, *arguments: Any) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, call)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")

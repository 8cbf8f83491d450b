"""Namespaces of projects: a repository by where it came from, else a folder by its path.

What git notes in its files is read, git itself is not needed. All worktrees and clones of a
repository are one project.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from configparser import ConfigParser, Error
from functools import lru_cache
from pathlib import Path
from typing import Any

PREFIX = "code"
"""First part of the namespaces of projects."""

_MOST = 200  # characters of a path that a namespace is called after
_SCP = re.compile(r"(?:[^@/\s]+@)?([\w.-]+):(?!//)(.+)")
_URL = re.compile(r"[a-z][a-z+.-]*://(?:[^@/\s]*@)?([\w.-]+)(?::\d+)?/(.+)", re.IGNORECASE)


def project_of(metadata: Mapping[str, Any]) -> str:
    """The namespace of a turn, by the repository or the folder that it was said in."""
    repository, folder = metadata.get("repository"), metadata.get("project")
    if isinstance(repository, str) and (name := _remote(repository)):
        return f"{PREFIX}/{name}"
    return namespace_of(folder) if isinstance(folder, str) and folder else PREFIX


@lru_cache(maxsize=1024)
def namespace_of(folder: str) -> str:
    """The namespace of the project that a folder belongs to. It need not exist any more."""
    root = _root(Path(folder))
    if root is None:
        return f"{PREFIX}/{_of_path(folder)}"
    return f"{PREFIX}/{_origin(root[1]) or _of_path(str(root[0]))}"


def _of_path(path: str) -> str:
    name = path.replace("\\", "/").strip("/")
    return name[-_MOST:] or "root"


def _root(folder: Path) -> tuple[Path, Path] | None:
    """The main folder of the repository that a folder is in, and where git keeps its notes."""
    if not folder.is_absolute():
        return None
    for each in (folder, *folder.parents):
        notes = each / ".git"
        try:
            if notes.is_dir():
                return each, notes
            if notes.is_file():
                return _linked(each, notes)
        except OSError:
            return None
    return None


def _linked(folder: Path, link: Path) -> tuple[Path, Path]:
    """Of a worktree, the repository that it is one of; a submodule stands for itself."""
    text = link.read_text("utf-8", "replace").strip()
    notes = (folder / text.removeprefix("gitdir:").strip()).resolve()
    common = notes / "commondir"
    if common.is_file():
        shared = (notes / common.read_text("utf-8", "replace").strip()).resolve()
        return (shared.parent if shared.name == ".git" else shared), shared
    return folder, notes


def _origin(notes: Path) -> str | None:
    """The place that the repository came from: "github.com/ana/kiln"."""
    config = ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    try:
        config.read_string(_unindented((notes / "config").read_text("utf-8", "replace")))
    except (OSError, Error):
        return None
    remotes = [name for name in config.sections() if name.startswith("remote ")]
    remotes.sort(key=lambda name: name != 'remote "origin"')
    urls = (config.get(name, "url", fallback=None) for name in remotes)
    return next((name for url in urls if url and (name := _remote(url))), None)


def _unindented(text: str) -> str:
    """Git indents what belongs to a section, which elsewhere continues the line before."""
    return "\n".join(line.strip() for line in text.splitlines())


def _remote(url: str) -> str | None:
    """Host and path of a URL, without a user and what opens the door for them."""
    url = url.strip()
    match = _URL.fullmatch(url) or _SCP.fullmatch(url)
    if match is None:
        return None
    host, path = match.groups()
    path = path.strip("/").removesuffix(".git").strip("/")
    return f"{host.lower()}/{path}"[:_MOST] if path else None

"""Files and folders in which remem keeps what is its user's. Quick to import: hooks need it."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path


def data_folder() -> Path:
    """The folder in which programs keep what is their user's."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


def config_file() -> Path:
    """The file of a user's settings; see ``remem.preferences``."""
    if path := os.environ.get("REMEM_CONFIG"):
        return Path(path)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home()) / "remem" / "config.toml"
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "remem" / "config.toml"


def cache_folder() -> Path:
    """The folder of what can be made again: converted models."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "remem"


def default_store() -> str:
    """The address of the memories, if nobody says otherwise."""
    return str(data_folder() / "remem")


def history_file() -> Path:
    """The file in which ``remem chat`` keeps what was typed."""
    return data_folder() / "remem-chat-history"


def unanswered_file() -> Path:
    """The file of questions that had no answer, which is there if its user agreed to keep them."""
    return data_folder() / "remem-unanswered.jsonl"


def departed_file(url: str) -> Path:
    """The file of digests of what was deleted from a store on a server."""
    digest = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return data_folder() / f"remem-departed-{digest}"


def ledger_file() -> Path:
    """The file that notes which transcripts of coding agents each store holds."""
    return data_folder() / "remem-transcripts.json"


def installed_file() -> Path:
    """The file that notes what ``remem install`` put where."""
    return data_folder() / "remem-installed.json"


def pending_folder() -> Path:
    """The folder of notes of sessions that are to be stored."""
    return data_folder() / "remem-pending"

"""Secrets (keys, tokens, passwords) kept out of a memory: found before anything is encoded,
logged or written, and taken out or refused. See ``memory.secrets.guard``."""

from memory.secrets.guard import GUARDS, Allow, Guard, Redact, Refuse, Removed, guard_called
from memory.secrets.scanning import KnownSecrets, Scanner, Secret

__all__ = [
    "GUARDS",
    "Allow",
    "Guard",
    "KnownSecrets",
    "Redact",
    "Refuse",
    "Removed",
    "Scanner",
    "Secret",
    "guard_called",
]

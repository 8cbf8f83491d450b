"""Secrets (keys, tokens, passwords) kept out of a memory: found before anything is encoded,
logged or written, and taken out or refused. See ``remem.secrets.guard``."""

from remem.secrets.guard import GUARDS, Allow, Guard, Redact, Refuse, Removed, guard_called
from remem.secrets.scanning import KnownSecrets, Scanner, Secret

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

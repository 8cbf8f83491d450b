"""Engines: whatever translates a sentence that the memory does not know."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from remem.store import InvalidInput
from remem.store.errors import UpstreamError

Engine = Callable[[str], str]
"""A text to its translation."""

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class CommandEngine:
    """A program that reads a text from its standard input and writes the translation.

    Attributes:
        command: As a shell has it, such as ``apertium -u eng-spa``; no shell is started.
    """

    command: str

    def __call__(self, text: str) -> str:
        """The translation.

        Raises:
            InvalidInput: there is no such program.
            UpstreamError: it fails, or takes more than a minute.
        """
        try:
            words = shlex.split(self.command)
            done = subprocess.run(
                words, input=text, capture_output=True, text=True, timeout=_SECONDS, check=True
            )
        except (ValueError, IndexError, OSError) as error:
            raise InvalidInput(
                f"the command {self.command!r} cannot be run ({_reason(error)}); install it, or "
                "give another that reads a text and writes its translation"
            ) from error
        except subprocess.TimeoutExpired:
            message = f"{self.command!r} took more than {_SECONDS} seconds; try it by itself"
            raise UpstreamError(message) from None
        except subprocess.CalledProcessError as error:
            told = (error.stderr or error.stdout or "").strip().splitlines()
            reason = told[-1] if told else f"exit code {error.returncode}"
            raise UpstreamError(f"{self.command!r} failed: {reason}") from None
        return done.stdout.strip("\n")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)

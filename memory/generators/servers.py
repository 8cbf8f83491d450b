"""Servers of models on this machine, at the ports where they usually are.

They are only asked which models they have, and only at the address of this machine. None is used
unless somebody names it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

USUAL_PORTS = {"Ollama": 11434, "llama.cpp": 8080, "vLLM": 8000, "LM Studio": 1234}
"""Port by the name of the program."""

_SECONDS = 0.5
_MOST_BYTES = 1 << 20
_NO_CHAT = ("embed", "rerank", "whisper", "bge-", "clip")
"""Parts of the names of models that answer nothing."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server of models that was found.

    Attributes:
        program: The one that usually is at this port.
        url: With its ``/v1``.
        models: Names of those that it has.
    """

    program: str
    url: str
    models: Sequence[str]

    @property
    def spec(self) -> str:
        """The description of its first model that ``open_generator`` takes."""
        return f"{self.url}#{self.models[0]}"


def servers_here(ports: dict[str, int] | None = None) -> list[Server]:
    """The servers of this machine that have a model; within half a second.

    Args:
        ports: By program; None: the usual ones.
    """
    chosen = USUAL_PORTS if ports is None else ports
    with ThreadPoolExecutor(max_workers=len(chosen) or 1) as pool:
        return [found for found in pool.map(_asked, chosen, chosen.values()) if found]


def _asked(program: str, port: int) -> Server | None:
    url = f"http://127.0.0.1:{port}/v1"
    try:
        # What is on this machine is not asked through a proxy.
        with build_opener(ProxyHandler({})).open(f"{url}/models", timeout=_SECONDS) as reply:
            told = json.loads(reply.read(_MOST_BYTES))
    except (URLError, OSError, ValueError):
        return None
    listed = told.get("data") if isinstance(told, dict) else None
    names = [each.get("id") for each in listed or () if isinstance(each, dict)]
    models = [name for name in names if isinstance(name, str) and name and _answers(name)]
    return Server(program, url, models) if models else None


def _answers(name: str) -> bool:
    return not any(part in name.lower() for part in _NO_CHAT)

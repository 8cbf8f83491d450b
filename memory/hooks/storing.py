"""The process that stores sessions which are over, and ends when none is left."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from remem.configuration import Settings
from remem.folders import ledger_file
from remem.hooks import pending
from remem.ingest.agents.importing import Ledger, import_transcripts, transcript_at
from remem.store import RememError

_MOST_SECONDS = 1800


def store_pending() -> int:
    """Store what is noted, one session after the other; returns the exit code."""
    signal.alarm(_MOST_SECONDS)  # nothing that an agent started may run for ever
    failed: set[Path] = set()
    with pending.locked() as mine:
        while mine and (notes := [each for each in pending.due() if each[0] not in failed]):
            for file, noted in notes:
                try:
                    _store(noted)
                    file.unlink(missing_ok=True)
                    pending.tell("")
                except (RememError, OSError) as error:
                    failed.add(file)
                    pending.tell(f"remem could not store a session of before: {error}")
    return 1 if failed else 0


def _store(noted: Mapping[str, Any]) -> None:
    options = noted["options"]
    settings = Settings(
        options.get("store"),
        options.get("namespace"),
        usual_encoder=options.get("encoder"),
        secrets=options.get("secrets") or "redact",
    )
    transcript = transcript_at(str(options.get("client")), Path(noted["path"]))
    if transcript is None:
        return
    with settings.create() as memory:
        ledger = Ledger(ledger_file(), settings.url)
        for _ in import_transcripts(memory, [transcript], ledger, namespace=settings.namespace):
            pass

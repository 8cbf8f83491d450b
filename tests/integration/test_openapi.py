"""The server keeps what its OpenAPI description says: requests that fit it are answered as it
says, those that do not are refused as it says, and none makes the server fail.

``REMEM_OPENAPI=full pytest tests/integration/test_openapi.py`` tries more than 10,000, in minutes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
schemathesis = pytest.importorskip("schemathesis")

from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.types import Receive, Scope, Send

from remem.memory import Memory
from remem.serve.app import create_app
from remem.serve.keys import KeyRing, Permission
from remem.serve.local_backend import Local
from remem.serve.settings import ServeSettings
from remem.testing import EchoGenerator, HashEncoder

FULL = os.environ.get("REMEM_OPENAPI") == "full"
UNSAID = (
    *("/import", "/chat/completions", "/summary", "/translate"),
    *("/classify", "/labels", "/labels/guess", "/labels/curve"),
)
REFUSED = ("400", "401", "403", "404", "405", "409", "413", "415", "422", "429")


class Present:
    """The application of the present test, whose life its fixture rules."""

    app: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
        else:
            await self.app(scope, receive, send)


PRESENT = Present()
schemathesis.serializer.alias("application/x-ndjson", "text/plain")


def described() -> Any:
    """The description, with filters that are nested once or not at all: there is no end to what
    could be written in filters in filters."""
    description = create_app(Memory(":memory:", encoder=HashEncoder())).openapi()
    schemas = description["components"]["schemas"]
    nested = ("and", "or", "not")
    flat = {**schemas["Where"], "properties": dict(schemas["Where"]["properties"])}
    kept = {name: flat["properties"].pop(name) for name in nested}
    if FULL:
        inner = json.loads(json.dumps(kept).replace("schemas/Where", "schemas/Flat"))
        schemas["Flat"] = flat
        schemas["Where"] = {**flat, "properties": {**flat["properties"], **inner}}
    else:
        schemas["Where"] = flat
    config = {
        "generation": {"deterministic": True, "with-security-parameters": False},
        # Data that do not fit may be refused for being too long, before anybody looks at them.
        "checks": {"negative_data_rejection": {"expected-statuses": [*REFUSED]}},
    }
    loaded = schemathesis.openapi.from_dict(
        description, config=schemathesis.Config.from_dict(config)
    )
    loaded.app = PRESENT
    return loaded


DESCRIPTION = described()


@pytest.fixture
def key(tmp_path: Path) -> Iterator[str]:
    """A key for a server that remembers something."""
    keys = KeyRing(tmp_path / "keys.sqlite")
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        memory.add_messages(
            [
                {"role": "user", "content": "Cashews in the curry again, so I had toast."},
                {"role": "assistant", "content": "Then I will keep your allergy in mind."},
            ],
            session="night shift",
        )
        app = create_app(memory, ServeSettings(requests_per_minute=10**9), keys=keys)
        app.state.backend = Local(EchoGenerator, "echo", at_a_time=1)
        PRESENT.app = app
        yield keys.create("all", ["*"], Permission.ADMIN)
        app.state.readers.close()
        app.state.writers.close()
    keys.close()


@DESCRIPTION.parametrize()
@settings(
    max_examples=100 if FULL else 2,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_what_is_described_is_what_happens(case: Any, key: str) -> None:
    # That a text is JSON Lines of an export, that the last message with words is the user's, that
    # there are memories to sum up or labels to learn from, is more than a JSON Schema can say.
    more = case.path.endswith(UNSAID)
    unsaid = [positive_data_acceptance] if more else []
    case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, excluded_checks=unsaid)

"""The endpoint that hooks of coding agents ask; see ``remem.handshake``. Not for others."""

from __future__ import annotations

from fastapi import APIRouter, Request

from remem import handshake
from remem.briefing import briefing
from remem.memory import Memory
from remem.projects import namespace_of
from remem.serve.errors import ApiError

router = APIRouter(include_in_schema=False)


@router.get(handshake.PATH)
async def tell(
    request: Request, folder: str, nonce: str, proof: str, namespace: str = ""
) -> dict[str, str]:
    """The briefing for a session in a folder. It takes no key, but the token of this server."""
    state = request.app.state
    token = state.settings.hook_token
    if not token or not handshake.is_proof(proof, token, "ask", nonce, folder, namespace):
        raise ApiError(403, "forbidden", "only hooks of the user who runs this server may ask this")
    text = await state.readers.run(_told, state.memory, folder, namespace)
    return {"text": text, "proof": handshake.proof(token, "tell", nonce, text)}


def _told(memory: Memory, folder: str, namespace: str) -> str:
    return briefing(memory.in_namespace(namespace or namespace_of(folder)))

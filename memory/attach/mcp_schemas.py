"""JSON Schemas that every MCP client reads: several refuse ``$ref`` and ``$defs``. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

__all__ = ["input_schema", "output_schema"]


def output_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of what a tool returns, with its parts in their places."""
    schema = model.model_json_schema(mode="serialization")
    inlined: dict[str, Any] = _inlined(schema, schema.pop("$defs", {}))
    return inlined


def input_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of what a tool takes, likewise. An optional argument is one that may be left out:
    that it may be null too need not be said, and some clients stumble over a choice of types."""
    schema = model.model_json_schema()
    inlined: dict[str, Any] = _without_null(_inlined(schema, schema.pop("$defs", {})))
    return inlined


def _inlined(node: Any, parts: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inlined(each, parts) for each in node]
    if not isinstance(node, dict):
        return node
    own = {name: _inlined(each, parts) for name, each in node.items() if name != "$ref"}
    if "$ref" not in node:
        return own
    return _inlined(parts[node["$ref"].rpartition("/")[2]], parts) | own


def _without_null(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_null(each) for each in node]
    if not isinstance(node, dict):
        return node
    own = {name: _without_null(each) for name, each in node.items()}
    choices = own.pop("anyOf", None)
    if choices is None:
        return own
    [only] = [each for each in choices if each != {"type": "null"}]
    if own.get("default", ...) is None:
        del own["default"]
    return only | own

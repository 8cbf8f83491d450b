"""What a url of a Milvus store says: which server or file, and who asks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from store.errors import InvalidInput

__all__ = ["Address", "parse"]

_SCHEMES = {"milvus": "http", "milvus+https": "https"}
_PORT = 19530


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is.

    Attributes:
        url: To be shown; without password or token.
        uri: For the client; None for a local file.
        token: ``user:password`` or an API key; empty for a server without authentication.
        database: Name of the database on the server; empty for its default one.
        file: The ``.db`` of Milvus Lite; None for a server.
        partitions: Into how many parts new collections are divided by namespace; None: as many
            as the server thinks right.
    """

    url: str
    uri: str | None = None
    token: str = field(default="", repr=False)
    database: str = ""
    file: Path | None = None
    partitions: int | None = None


def parse(url: str) -> Address:
    """``milvus://[user:password@]host[:port][/database][?partitions=N]``, with ``milvus+https`` for
    TLS and a lone user name taken for a token; or the path of a file that ends in ``.db``.

    Raises:
        InvalidInput: it names no host, or a port or number of partitions that is none.
    """
    if "://" not in url:
        return Address(url, file=Path(url).expanduser().absolute())
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    scheme = _SCHEMES.get(parts.scheme)
    database = parts.path.strip("/")
    options = re.fullmatch(r"(?:partitions=([1-9]\d{0,3}))?", parts.query)
    if scheme is None or not parts.hostname or port == 0 or "/" in database or options is None:
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        raise InvalidInput(
            f"{shown!r} is no address of Milvus; write milvus://host:{_PORT}, milvus+https://"
            f"user:password@host:{_PORT}/database?partitions=64, or the path of a file.db"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = f"{host}:{port or (443 if scheme == 'https' else _PORT)}"
    token = ":".join(unquote(part) for part in (parts.username, parts.password) if part)
    return Address(
        url=f"{parts.scheme}://{place}" + (f"/{database}" if database else ""),
        uri=f"{scheme}://{place}",
        token=token,
        database=unquote(database),
        partitions=int(options[1]) if options[1] else None,
    )

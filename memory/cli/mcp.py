"""The command that lets editors and desktop programs use a memory over MCP."""

from __future__ import annotations

import signal

import click

from memory.cli.options import command
from memory.cli.screen import complain
from memory.cli.settings import Settings

__all__ = ["mcp"]


@command(
    "mcp",
    "remem mcp --store ~/memories",
    "remem mcp --http",
    "REMEM_MCP_KEY=... remem mcp --http --host 0.0.0.0",
)
@click.option("--http", is_flag=True, help="Serve streamable HTTP instead of standard streams")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen (--http)")
@click.option("--port", default=8378, show_default=True, help="0 takes a free one (--http)")
@click.option(
    "--key",
    envvar="REMEM_MCP_KEY",
    help="What clients present as bearer token; needed off loopback (--http)  [env: REMEM_MCP_KEY]",
)
@click.option(
    "--forget/--no-forget",
    default=True,
    help="Whether clients may wipe memories (the tool is marked as destructive, so most ask first)",
)
@click.pass_obj
def mcp(
    settings: Settings, http: bool, host: str, port: int, key: str | None, forget: bool
) -> None:
    """Serve a memory to editors and desktop programs (MCP).

    They start it themselves: the command to give them is 'remem mcp'.
    """
    from memory.attach.mcp_server import memory_server, run_http, run_stdio
    from memory.attach.mcp_tools import TOOLS

    tools = [tool for tool in TOOLS if forget or not tool.destroys]
    with settings.create() as memory:
        server = memory_server(memory, tools)
        if http:
            run_http(server, host, port, key, lambda url: complain(f"MCP on {url}"))
        else:
            # The thread that reads standard input cannot be interrupted, so that Ctrl-C would wait
            # for one more line. What was acknowledged is stored, however the process ends.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            run_stdio(server)

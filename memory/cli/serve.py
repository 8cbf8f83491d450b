"""``remem serve``: the memory as a server."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import webbrowser
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import click

from remem.attach.conversation import PLACEMENTS, REPLAY_BUDGET
from remem.cli.keys import keys_file, keys_option
from remem.cli.options import command, number_option
from remem.cli.screen import complain, output, working, write_json_line
from remem.configuration import DEFAULT_NAMESPACE, Settings
from remem.handshake import announced
from remem.store.errors import MissingDependency

if TYPE_CHECKING:
    from remem.memory import Memory
    from remem.serve.settings import ServeSettings


# A small model on this machine is confused by more.
_MOST_LOCAL, _MOST_UPSTREAM = 5, 50


_port = click.option("--port", default=8377, show_default=True, type=click.IntRange(0, 65535))
_upstream = click.option("--upstream", metavar="URL", help="The server that answers, with its /v1")
_generator = click.option(
    "--generator",
    metavar="MODEL",
    help="What answers where there is no --upstream; without it, the small SmolLM2  "
    "[env: REMEM_GENERATOR]",
)


@command(
    "serve",
    "remem serve --upstream http://localhost:11434/v1",
    "REMEM_UPSTREAM_KEY=... remem serve --upstream https://api.openai.com/v1",
    "remem serve --generator ./my-model --port 9000",
    "remem keys create --in 'bot/*' && remem serve --host 0.0.0.0 --upstream URL",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen")
@_port
@_upstream
@click.option(
    "--upstream-key",
    metavar="KEY",
    envvar="REMEM_UPSTREAM_KEY",
    help="Its key; others on this machine see it in the command  [env: REMEM_UPSTREAM_KEY]",
)
@_generator
@keys_option
@number_option(
    "--budget",
    default=1000,
    least=0,
    help="At most so many tokens of memories in front of a question",
)
@number_option(
    "-k",
    default=None,
    help=f"At most so many memories  [default: {_MOST_UPSTREAM}; {_MOST_LOCAL} without --upstream]",
)
@click.option(
    "--remember-tasks",
    "remembers_tasks",
    is_flag=True,
    help="Also remember what chat programs ask for themselves: titles, tags, summaries",
)
@click.option(
    "--placement",
    default="message",
    show_default=True,
    type=click.Choice(PLACEMENTS),
    help="Where an --upstream gets them: in front of the question, behind the system message, or "
    "as the result of a tool; a model on this machine has a place of its own",
)
@number_option(
    "--replay",
    "replay_budget",
    metavar="TOKENS",
    default=REPLAY_BUDGET,
    least=0,
    help="At most so many tokens of memories of earlier questions, which an --upstream gets again "
    "as they were, so that its prompt cache serves them; 0: none",
)
@number_option("--rate", "requests_per_minute", default=600, help="Requests a minute with one key")
@number_option("--generations", default=64, help="Answers at the same time; more are refused")
@number_option(
    "--processes",
    default=os.cpu_count() or 1,
    show_default="one for each processor",
    help="Processes that search, each with the indexes in memory; 1: only the server itself",
)
@click.option(
    "--timeout",
    "upstream_seconds",
    default=300.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds in which the upstream has to go on",
)
@click.option("--quiet", is_flag=True, help="Do not log each request")
@click.pass_obj
def serve(
    settings: Settings,
    /,
    file: Path | None,
    k: int | None,
    upstream: str | None,
    processes: int,
    quiet: bool,
    **options: Any,
) -> None:
    """Serve the memory: OpenAI chat completions, and REST.

    A chat program remembers once its base URL is the address that this prints, with /v1. In a
    browser the address itself shows the page; 'remem open' opens it.
    """
    options |= {"upstream": upstream, "k": k or (_MOST_UPSTREAM if upstream else _MOST_LOCAL)}
    level = logging.WARNING if quiet else logging.INFO
    _serve(settings, options, file, processes, level, lambda url: _announce(settings, url))


@command("open", "remem open", "remem open --namespace work", "remem open --port 9000")
@_port
@_upstream
@_generator
@keys_option
@click.pass_obj
def open_(settings: Settings, /, file: Path | None, port: int, **options: Any) -> None:
    """Open the page in a browser: search, see, correct, forget.

    It is served on this machine only, until Ctrl-C. If the port is taken, another one is.
    """
    k = _MOST_UPSTREAM if options["upstream"] else _MOST_LOCAL
    options |= {"k": k, "port": port if _is_free(port) else 0}

    def opened(url: str) -> None:
        if settings.as_json:
            write_json_line({"url": url})
        else:
            output().print(f"The page is at {url}; Ctrl-C ends it.")
        webbrowser.open(url)

    _serve(settings, options, file, 1, logging.WARNING, opened)


def _is_free(port: int) -> bool:
    """True if nobody listens at a port of this machine."""
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) != 0


def _serve(
    settings: Settings,
    options: Mapping[str, Any],
    file: Path | None,
    processes: int,
    level: int,
    started: Callable[[str], object],
) -> None:
    """Serve the memory of the settings until the end.

    Args:
        options: Of ``ServeSettings``.
        file: With the keys, if it was named.
        processes: Processes that search.
        level: Of what is logged.
        started: Called with the address.
    """
    from remem.encoders.opening import load_now

    try:
        from remem.serve.keys import KeyRing
        from remem.serve.server import log_to_stderr
        from remem.serve.server import serve as run
        from remem.serve.settings import ServeSettings
    except ImportError as error:
        raise MissingDependency("the server", "'remem[serve]'") from error

    how = ServeSettings(
        namespace=settings.namespace or DEFAULT_NAMESPACE,
        hook_token=token_hex(16),
        **{**options, "generator": options["generator"] or settings.generator or "bundled"},
    )
    path = keys_file(settings, file)
    with ExitStack() as opened:
        # A file that was named must be there; one in the store's folder is there if keys are used.
        used = path if path and (file or path.exists()) else None
        ring = opened.enter_context(closing(KeyRing(used))) if used else None
        memory = opened.enter_context(settings.create())
        with working("Loading the encoder"):
            load_now(memory.encoder)
        # A reranker is a model too: one of it is enough.
        if processes > 1 and not settings.reranker:
            memory = _in_parallel(settings, memory, processes, opened)
            if how.upstream:
                _leave_processors()
        log_to_stderr(level)
        gc.freeze()  # torch and the page stay: to look through them takes a tenth of a second

        def begun(url: str) -> None:
            _tell_hooks(settings, url, how, opened)
            started(url)

        run(memory, how, ring, begun)


def _in_parallel(settings: Settings, memory: Memory, processes: int, opened: ExitStack) -> Memory:
    from remem.recall.parallel import ParallelRetriever
    from remem.recall.retriever import Retriever

    fingerprint = memory.encoder.fingerprint
    retriever = ParallelRetriever(Retriever(), settings.url, fingerprint, processes)
    return memory.searched_by(opened.enter_context(retriever))


def _leave_processors() -> None:
    """Encode with half of the processors: the threads of torch wait for one another, and get
    little done where others need the processors. (94 searches a second on two, 77 without.)"""
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 1) // 2))


def _tell_hooks(settings: Settings, url: str, how: ServeSettings, opened: ExitStack) -> None:
    """Let the hooks of coding agents find the server for as long as it runs."""
    if how.hook_token and how.host in how.hosts:
        port = int(url.rpartition(":")[2])
        opened.enter_context(announced(settings.url, port, how.hook_token))


def _announce(settings: Settings, url: str) -> None:
    if settings.as_json:
        write_json_line({"url": url})
    else:
        output().print(f"remem serves at {url} (base URL of chat programs: {url}/v1)")


# The command that lets editors and desktop programs use a memory over MCP.


@command(
    "mcp",
    "remem mcp --store ~/memories",
    "remem mcp --http",
    "REMEM_MCP_KEY=... remem mcp --http --host 0.0.0.0",
)
@click.option(
    "--project",
    is_flag=True,
    help="The memory of the repository that it is started in, as 'remem import --agents' names it",
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
    settings: Settings,
    project: bool,
    http: bool,
    host: str,
    port: int,
    key: str | None,
    forget: bool,
) -> None:
    """Serve a memory to editors and desktop programs (MCP).

    They start it themselves: the command to give them is 'remem mcp'.
    """
    from remem.projects import namespace_of
    from remem.serve.mcp_server import memory_server, run_http, run_stdio
    from remem.serve.mcp_tools import TOOLS

    tools = [tool for tool in TOOLS if forget or not tool.destroys]
    if project and not settings.namespace:
        settings = replace(settings, namespace=namespace_of(str(Path.cwd())))
    with settings.create() as memory:
        server = memory_server(memory, tools)
        if http:
            run_http(server, host, port, key, lambda url: complain(f"MCP on {url}"))
        else:
            # The thread that reads standard input cannot be interrupted, so that Ctrl-C would wait
            # for one more line. What was acknowledged is stored, however the process ends.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            run_stdio(server)

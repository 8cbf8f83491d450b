"""Pages of other origins, in a real browser: they store nothing, spend nothing and read nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

pytest.importorskip("fastapi")

from tests.chromium import browsing, needs_chromium, playwright
from tests.openai_upstream import Upstream, upstream
from tests.remem_process import Remem

pytestmark = needs_chromium

NAMES = ("127.0.0.1", "localhost")
SECRET_NOTE = "The greyhound of Anna is called Biscuit."

# What a page can do. Each attempt ends, one way or another; "read" holds what it could read.
ATTEMPTS = """
async ([api, body, form]) => {
  const read = [], done = [];
  const json = { "Content-Type": "application/json" };
  const chat = `${api}/v1/chat/completions`, notes = `${api}/api/v1/records`;
  const attempt = (what) => done.push(
    Promise.race([what(), new Promise((r) => setTimeout(r, 3000))]).catch(() => {}));

  for (const to of [chat, notes, `${api}/api/v1/import`]) {
    for (const mode of ["no-cors", "cors"]) {
      for (const type of ["text/plain", "application/x-www-form-urlencoded",
                          "multipart/form-data; boundary=x", "application/json",
                          "application/x-ndjson"]) {
        attempt(async () => {
          const reply = await fetch(to, { method: "POST", mode, body,
            headers: { "Content-Type": type }, credentials: "include" });
          const text = await reply.text();
          if (text) read.push(`fetch ${mode} ${type}: ${text}`);
        });
      }
    }
    attempt(async () => navigator.sendBeacon(to, body));
    attempt(async () => navigator.sendBeacon(to, new Blob([body], { type: "text/plain" })));
    attempt(async () => navigator.sendBeacon(to, new Blob([body], { type: "application/json" })));
    attempt(() => new Promise((end) => {
      const request = new XMLHttpRequest();
      request.open("POST", to);
      request.onloadend = () => { if (request.responseText) read.push("xhr"); end(); };
      request.send(body);
    }));
    for (const enctype of ["text/plain", "application/x-www-form-urlencoded",
                           "multipart/form-data"]) {
      attempt(() => new Promise((end) => {
        const frame = document.createElement("iframe");
        frame.name = `frame${Math.random()}`;
        document.body.append(frame);
        const sent = document.createElement("form");
        Object.assign(sent, { action: to, method: "post", enctype, target: frame.name });
        const field = document.createElement("input");
        [field.name, field.value] = form;
        sent.append(field);
        document.body.append(sent);
        frame.onload = () => setTimeout(end, 200);
        sent.submit();
      }));
    }
  }
  for (const path of ["/api/v1/records", "/api/v1/export", "/v1/models", "/openapi.json"]) {
    attempt(async () => {
      const reply = await fetch(api + path);
      read.push(`fetch ${path}: ${await reply.text()}`);
    });
    attempt(async () => {
      const text = await (await fetch(api + path, { mode: "no-cors" })).text();
      if (text) read.push(`no-cors ${path}: ${text}`);
    });
    for (const [tag, source] of [["img", "src"], ["script", "src"], ["link", "href"],
                                 ["video", "src"], ["object", "data"], ["embed", "src"]]) {
      attempt(() => new Promise((end) => {
        const element = document.createElement(tag);
        if (tag === "link") element.rel = "stylesheet";
        element.onload = () => {
          if (!["object", "embed"].includes(tag)) read.push(`${tag} ${path}`);
          end();
        };
        element.onerror = end;
        element[source] = api + path;
        document.body.append(element);
      }));
    }
  }
  for (const path of ["/api/v1/export", "/docs"]) {
    attempt(() => new Promise((end) => {
      const frame = document.createElement("iframe");
      frame.src = api + path;
      frame.onload = () => {
        try { read.push(`iframe ${path}: ${frame.contentWindow.document.body.innerText}`); }
        catch (refused) { }
        end();
      };
      document.body.append(frame);
    }));
  }
  attempt(() => new Promise((end) => {
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-scripts";  // whose origin is "null"
    frame.srcdoc = `<script>fetch(${JSON.stringify(chat)}, { method: "POST", mode: "no-cors",
      body: ${JSON.stringify(body)} }).finally(() => parent.postMessage("done", "*"))<`
      + "/script>";
    window.addEventListener("message", end);
    document.body.append(frame);
  }));
  attempt(() => new Promise((end) => {
    const socket = new WebSocket(chat.replace("http", "ws"));
    socket.onopen = () => { read.push("websocket"); end(); };
    socket.onerror = end;
  }));
  attempt(() => new Promise((end) => {
    const events = new EventSource(`${api}/v1/models`);
    events.onopen = () => { read.push("events"); end(); };
    events.onerror = () => { events.close(); end(); };
  }));
  await Promise.all(done);
  return read;
}
"""

CHAT = json.dumps({"messages": [{"role": "user", "content": "planted"}], "text": "planted"})
# As text/plain, a form sends "name=value": JSON all the same.
FORM = [CHAT[:-1] + ', "padding": "', '"}']


class Page(BaseHTTPRequestHandler):
    """An empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title><body></body>")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def elsewhere() -> Iterator[int]:
    """The port of another server on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def stub() -> Iterator[Upstream]:
    with upstream() as stub:
        yield stub


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, stub: Upstream) -> Iterator[str]:
    """A server without keys that remembers one thing, and nothing else at the end."""
    remem = Remem(tmp_path_factory.mktemp("pages"))
    remem.told("add", SECRET_NOTE)
    with remem.serving("--upstream", stub.url) as (_, url):
        yield url
    assert remem.remembered() == [SECRET_NOTE]


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    # Every name leads here: what a page does that gave its own name the address of this machine.
    with browsing("--host-resolver-rules=MAP *.example 127.0.0.1") as browser:
        yield browser


@pytest.fixture
def page(browser: playwright.Browser) -> Iterator[playwright.Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def at(name: str, url: str) -> str:
    return f"http://{name}:{urlsplit(url).port}"


@pytest.mark.parametrize("to", NAMES)
@pytest.mark.parametrize("origin", [*NAMES, "evil.example"])
def test_a_page_of_another_port_or_site_does_nothing_and_reads_nothing(
    page: playwright.Page, server: str, stub: Upstream, origin: str, to: str
) -> None:
    with elsewhere() as port:
        page.goto(f"http://{origin}:{port}/")
        read = page.evaluate(ATTEMPTS, [at(to, server), CHAT, FORM])
    assert read == []
    assert stub.received == []
    assert httpx.get(f"{server}/api/v1/stats").json()["records"] == 1


@pytest.mark.parametrize("enctype", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_form_that_leaves_its_page_sends_nothing(
    page: playwright.Page, server: str, stub: Upstream, enctype: str
) -> None:
    with elsewhere() as port:
        page.goto(f"http://localhost:{port}/")
        with page.expect_navigation() as left:
            page.evaluate(
                """([to, enctype, [name, value]]) => {
                    const form = document.createElement("form");
                    Object.assign(form, { action: to, method: "post", enctype });
                    const field = document.createElement("input");
                    Object.assign(field, { name, value });
                    form.append(field);
                    document.body.append(form);
                    form.submit();
                }""",
                [f"{at('localhost', server)}/v1/chat/completions", enctype, FORM],
            )
    assert left.value.status == 403
    assert stub.received == []
    assert httpx.get(f"{server}/api/v1/stats").json()["records"] == 1


@pytest.mark.parametrize(("path", "status"), [("/docs", 200), ("/api/v1/export", 403)])
def test_a_link_leads_to_the_page_of_the_calls_and_to_nothing_else(
    page: playwright.Page, server: str, path: str, status: int
) -> None:
    with elsewhere() as port:
        page.goto(f"http://localhost:{port}/")
        with page.expect_navigation() as left:
            page.evaluate("to => { location = to }", at("127.0.0.1", server) + path)
    assert left.value.status == status


def test_a_name_that_a_page_made_lead_here_gets_nothing(
    page: playwright.Page, server: str, stub: Upstream
) -> None:
    reply = page.goto(f"{at('rebound.example', server)}/docs")
    assert reply is not None
    assert (reply.status, reply.json()["error"]["code"]) == (403, "host_not_allowed")
    own = at("rebound.example", server)
    statuses = page.evaluate(
        """([own, body]) => Promise.all(["/api/v1/records", "/v1/chat/completions"].map(
            (path) => fetch(own + path, { method: "POST", body,
                headers: { "Content-Type": "application/json" } }).then(
                    (reply) => reply.status, () => 0)))""",
        [own, CHAT],
    )
    assert set(statuses) <= {0, 403}  # 0: the reply forbids its page every request
    assert stub.received == []


def test_the_pages_of_the_server_itself_may_call_it(page: playwright.Page, server: str) -> None:
    for name in NAMES:
        page.goto(f"{at(name, server)}/docs")
        found = page.evaluate(
            """() => fetch("api/v1/search", { method: "POST", body: '{"query": "greyhound"}',
                headers: { "Content-Type": "application/json" } }).then((reply) => reply.json())"""
        )
        assert [hit["record"]["text"] for hit in found["hits"]] == [SECRET_NOTE]


def test_with_keys_a_page_would_have_to_be_let_in_first(
    page: playwright.Page, tmp_path: Path
) -> None:
    remem = Remem(tmp_path)
    key = remem.told("keys", "create", "--in", "a")["key"]
    with elsewhere() as port, remem.serving("--generator", "echo") as (_, url):
        page.goto(f"http://localhost:{port}/")
        read = page.evaluate(
            """([api, body, key]) => fetch(`${api}/v1/chat/completions`, { method: "POST", body,
                headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}` },
            }).then(() => true, () => false)""",
            [at("localhost", url), CHAT, key],
        )
        assert read is False
        assert page.evaluate(ATTEMPTS, [at("localhost", url), CHAT, FORM]) == []
    assert remem.remembered() == []

"""The page of all calls: it is made of files that come with remem, and of nothing else."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi")

from remem.serve.browsers import ASSETS, SWAGGER_UI
from tests.chromium import browsing, needs_chromium, playwright
from tests.remem_process import Remem

ROOT = Path(__file__).parents[2]
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}

# Of the files in the package swagger-ui-dist of npm, at the version that docs.py names.
DIGESTS = {
    "swagger-ui-bundle.js": "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2",
    "swagger-ui-bundle.js.LICENSE.txt": (
        "37eb6e7e59aed57b2c1acf076574b818ea07b74265717e0bd67b59e0baf9abbb"
    ),
    "swagger-ui.LICENSE": "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
    "swagger-ui.NOTICE": "0d20d1adef18aee3f40dd258172155521ce702ac445cb5f7b7d60ed32dad2fb2",
    "swagger-ui.css": "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d",
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    remem = Remem(tmp_path_factory.mktemp("docs"))
    with remem.serving("--generator", "echo", "--processes", "1", "--quiet") as (_, url):
        yield url


@pytest.fixture(params=[WIDE, PHONE], ids=["wide", "phone"])
def page(request: pytest.FixtureRequest, url: str) -> Iterator[playwright.Page]:
    """The page, opened where no name leads anywhere; at the end, nothing may have been forbidden,
    gone wrong or gone out."""
    complaints: list[str] = []
    with browsing("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1") as browser:
        page = browser.new_context(viewport=request.param).new_page()
        page.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => "
            "console.error(`forbidden: ${e.violatedDirective} ${e.blockedURI}`))"
        )
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda sent: sent.url.startswith(url) or complaints.append(sent.url))
        page.goto(f"{url}/docs")
        page.locator(".opblock").first.wait_for()
        yield page
        assert complaints == []


@needs_chromium
def test_the_page_shows_every_call_and_fits_its_screen(page: playwright.Page, url: str) -> None:
    described: dict[str, Any] = httpx.get(f"{url}/openapi.json").json()
    calls = sorted(
        f"{method.upper()} {path}"
        for path, methods in described["paths"].items()
        for method in methods
    )
    shown = [
        " ".join(row.inner_text().replace("\u200b", "").split()[:2])
        for row in page.locator(".opblock-summary-control").all()
    ]
    assert sorted(shown) == calls
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@needs_chromium
def test_the_page_tries_a_call_out(page: playwright.Page) -> None:
    page.locator(".opblock-summary-control", has_text="/search").click()
    page.locator(".try-out__btn").click()
    page.locator(".execute").click()
    answered = page.locator(".live-responses-table .response")
    answered.wait_for()
    assert answered.locator(".response-col_status").inner_text().strip() == "200"
    assert '"hits": []' in answered.inner_text()


def test_redoc_leads_to_the_same_page_behind_any_prefix(url: str) -> None:
    reply = httpx.get(f"{url}/redoc")
    assert (reply.status_code, reply.headers["location"]) == (308, "docs")
    assert httpx.get(f"{url}/redoc", follow_redirects=True).text.startswith("<!doctype html>")


@pytest.mark.parametrize(
    "name", ["swagger-ui.LICENSE", "docs.html", "..%2f..%2fapp.py", "../app.py", "%00", "start"]
)
def test_only_what_the_page_loads_is_served(url: str, name: str) -> None:
    assert httpx.get(f"{url}/docs/{name}").status_code == 404


def test_the_files_are_those_that_were_published(url: str) -> None:
    for name, digest in DIGESTS.items():
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest
    assert f'PACKAGE_VERSION:"{SWAGGER_UI}"' in (ASSETS / "swagger-ui-bundle.js").read_text("utf-8")


def test_the_page_names_nothing_elsewhere() -> None:
    own = [path for path in ASSETS.iterdir() if path.name not in DIGESTS]
    assert sorted(path.name for path in own) == ["docs.html", "page.css", "start.js"]
    assert not [path.name for path in own if "//" in path.read_text().replace("// ", "")]


def test_a_wheel_is_one_package_with_its_files_and_their_licences(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("memory", "store", "benchmarks"):
        ignored = shutil.ignore_patterns("__pycache__", "results")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*pip, "--wheel-dir", str(tmp_path), str(source)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        tops = {name.partition("/")[0] for name in packed.namelist()}
        assert tops == {"remem", f"remem-{version('remem')}.dist-info"}
        assert {"remem/store/base.py", "remem/benchmarks/expected.toml"} <= set(packed.namelist())
        for path in ASSETS.iterdir():
            assert packed.read(f"remem/serve/assets/{path.name}") == path.read_bytes()

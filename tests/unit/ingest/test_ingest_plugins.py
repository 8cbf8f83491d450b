"""Readers that other packages add: here, packages made on the spot."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from remem import Memory
from remem.ingest import detect_reader, import_path
from remem.store import InvalidInput
from remem.testing import HashEncoder

READER = """
from remem.ingest import Item
from remem.store import Record

class Beads:
    name = "beads"

    def detect(self, path):
        return path.suffix == ".beads"

    def read(self, path, on_bytes=lambda count: None):
        for number, line in enumerate(path.read_text().splitlines()):
            yield Item(Record(f"beads#{number}", "beads", number, line))

instance = Beads()
nothing = 5
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def make(entry: str) -> None:
        packages = tmp_path / "packages"
        metadata = packages / "bead_plugin-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text("Name: bead-plugin\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[remem.readers]\n{entry}\n")
        (packages / "bead_plugin.py").write_text(READER)
        monkeypatch.syspath_prepend(packages)
        monkeypatch.delitem(sys.modules, "bead_plugin", raising=False)

    return make


@pytest.mark.parametrize("entry", ["beads = bead_plugin:Beads", "beads = bead_plugin:instance"])
def test_a_package_can_add_a_reader(
    entry: str, install: Callable[[str], None], tmp_path: Path
) -> None:
    install(entry)
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "a.beads").write_text("one\ntwo\n")
    (folder / "notes.md").write_text("three\n")
    assert detect_reader(folder / "a.beads").name == "beads"
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        assert import_path(memory, folder).added == {"default": 3}


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("beads = bead_plugin:missing", "cannot be loaded"),
        ("beads = bead_plugin:nothing", "is none"),
    ],
)
def test_one_that_cannot_be_loaded_is_named(
    entry: str, told: str, install: Callable[[str], None], tmp_path: Path
) -> None:
    install(entry)
    (tmp_path / "a.md").write_text("hi\n")
    with pytest.raises(InvalidInput, match=f"'beads'.*{told}"):
        detect_reader(tmp_path / "a.md")

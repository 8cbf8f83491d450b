"""Settings of a user: environment over file over default."""

from __future__ import annotations

from pathlib import Path

import pytest

from remem import preferences
from remem.preferences import NAMES, Given, given, read, template, with_setting
from remem.store import InvalidInput


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in NAMES:
        monkeypatch.delenv(f"REMEM_{name.upper()}", raising=False)
    path = tmp_path / "config.toml"
    monkeypatch.setenv("REMEM_CONFIG", str(path))
    return path


def test_without_a_file_and_variables_nothing_is_given(file: Path) -> None:
    assert given() == {}


def test_the_environment_goes_before_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('store = "/there"\nnamespace = "nora"\n')
    monkeypatch.setenv("REMEM_STORE", "/here")
    assert given() == {
        "store": Given("/here", "REMEM_STORE"),
        "namespace": Given("nora", str(file)),
    }


def test_the_home_of_the_user_may_be_written_as_a_tilde() -> None:
    assert read('store = "~/memories"') == {"store": str(Path.home() / "memories")}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('stoer = "x"', "no setting 'stoer'; did you mean store?"),
        ("store = 3", "store is no text; write it in quotes"),
        ('secrets = "maybe"', "secrets is 'maybe'; choose allow, redact or refuse"),
        ("store = x", 'write lines like store = "'),
        ('[a]\nstore = "x"', "no setting 'a'"),
    ],
)
def test_what_nobody_understands_is_refused_with_the_file_and_what_to_write(
    file: Path, text: str, told: str
) -> None:
    file.write_text(text)
    with pytest.raises(InvalidInput) as refused:
        given()
    assert told in str(refused.value)
    assert str(file) in str(refused.value)


def test_the_template_explains_every_setting_and_makes_none() -> None:
    assert read(template()) == {}
    assert all(f"# {name} = " in template() for name in NAMES)


@pytest.mark.parametrize("value", ["/a b", 'say "x"', "C:\\data", "日记", "a\nb"])
def test_a_setting_takes_its_place_in_the_file_and_the_rest_stays(value: str) -> None:
    before = f"{template()}# mine\n"
    text = with_setting(before, "namespace", "first")
    text = with_setting(text, "namespace", value)
    assert read(text) == {"namespace": value}
    assert len(text.splitlines()) == len(before.splitlines())
    assert text.endswith("# mine\n")
    assert read(with_setting(text, "namespace", None)) == {}


def test_a_setting_is_added_to_a_file_that_does_not_explain_it() -> None:
    assert with_setting('store = "x"', "namespace", "y") == 'store = "x"\nnamespace = "y"\n'
    assert with_setting("# note\n", "namespace", None) == "# note\n"


def test_hooks_do_not_wait_for_the_store_to_be_imported() -> None:
    assert "remem.store" not in vars(preferences)

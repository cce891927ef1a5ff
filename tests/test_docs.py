"""What the documents say is what the code does."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

import settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
KNOBS = [(section, name) for section in settings.SECTIONS for name in section.model_fields]


def row(name: str) -> list[str]:
    """The cells of the settings table's row for a variable."""
    found = [line for line in README.splitlines() if line.startswith(f"| `{name}` |")]
    assert len(found) == 1, f"the README's settings table needs exactly one row for {name}"
    return [cell.strip() for cell in found[0].strip("|").split("|")]


@pytest.mark.parametrize(("section", "name"), KNOBS, ids=[name for _, name in KNOBS])
def test_the_readme_lists_every_setting_as_the_code_has_it(section: type[settings.Section], name: str) -> None:
    field = section.model_fields[name]
    _, default, meaning = row(name.upper())
    assert meaning == field.description
    shown = "" if field.default is None else f"`{field.default}`"
    assert default == shown
    assert not isinstance(field.default, SecretStr), "a secret has no default"


def test_the_readme_lists_no_setting_that_is_gone() -> None:
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", README, flags=re.MULTILINE))
    assert listed == {name.upper() for _, name in KNOBS}


@pytest.mark.parametrize("target", re.findall(r"\]\(((?!http)[^)#]+)\)", README))
def test_every_link_of_the_readme_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def test_every_make_target_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert set(re.findall(r"`make ([\w-]+)", README)) <= targets


def test_every_requirement_is_pinned() -> None:
    """pip needs minutes to resolve literalai with openai; pinned, it needs seconds."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = [line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if line.strip()]
        assert all(re.match(r"[\w.\[\]-]+==[\w.+!]+( ;|$)", line) for line in lines), name

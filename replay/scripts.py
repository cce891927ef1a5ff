"""Conversation scripts: from YAML files to checked values, or one line that says what to mend and where."""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Self, cast

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError

SUFFIXES = {".yaml", ".yml"}


class ScriptError(Exception):
    """A script that can't be used. The message is one line: file, line if there is one, what to mend."""


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1)]
TextOrList = Annotated[list[Text], BeforeValidator(_listed)]


class ScriptPart(BaseModel):
    """Refuses keys it does not know: a misspelt expectation would be one that always holds."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Expect(ScriptPart):
    """What must be true of one turn; what is left out is not checked. Time is in seconds."""

    tools: TextOrList | None = None
    contains: TextOrList | None = None
    finish_reason: Text | None = None
    max_seconds: Annotated[float, Field(gt=0)] | None = None


class Turn(ScriptPart):
    """What the user says, and what must come of it."""

    user: Text
    expect: Expect = Expect()


class Script(ScriptPart):
    """One conversation."""

    name: Text
    system: Text | None = None
    user: Text | None = None
    tags: list[Text] | None = None
    metadata: dict[str, JsonValue] | None = None
    turns: Annotated[list[Turn], Field(min_length=1)]

    def without_expectations(self) -> Self:
        """The same conversation, with nothing to check."""
        return self.model_copy(update={"turns": [Turn(user=turn.user) for turn in self.turns]})


# How deep a key stands tells what it belongs to: `name`, `turns.0.user`, `turns.0.expect.tools`.
_PART_AT_DEPTH: dict[int, type[ScriptPart]] = {1: Script, 3: Turn, 4: Expect}


class _LoaderWithoutRepeatedKeys(yaml.SafeLoader):
    """The plain loader keeps the last of two equal keys, and so loses expectations silently."""

    def construct_mapping(self, node: yaml.MappingNode, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"the key {key.value!r} is there twice", problem_mark=key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, *args, **kwargs)


def find_scripts(paths: Sequence[Path]) -> list[Path]:
    """The files among `paths`, and all *.yaml and *.yml below the folders among them, sorted by name.

    Raises:
        ScriptError: a folder without a script.
    """
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        below = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
        if not below:
            raise ScriptError(f"{path}: no script (*.yaml, *.yml) in this folder")
        files += below
    return files


def read_script(path: Path) -> Script:
    """The script in a file.

    Raises:
        ScriptError: the file can't be read, is not YAML, or says something that a script can't say.
    """
    node, content = _read_yaml(path)
    try:
        return Script.model_validate(content)
    except ValidationError as error:
        # An unknown key is told first: it is often the reason why another one is missing.
        mistake = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    location = mistake["loc"]
    if mistake["type"] == "extra_forbidden":
        says = _about_unknown_key(str(location[-1]), _PART_AT_DEPTH[len(location)])
    else:
        says = f"{'.'.join(map(str, location)) or 'script'}: {mistake['msg']}"
    raise ScriptError(f"{path}:{_line_of(location, node)}: {says}")


def _read_yaml(path: Path) -> tuple[yaml.Node, object]:
    """The content, and the nodes it was made from, which know their lines."""
    try:
        loader = _LoaderWithoutRepeatedKeys(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        content = cast("object", loader.construct_document(node)) if node else None
    except OSError as error:
        raise ScriptError(f"{path}: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ScriptError(f"{path}{line}: not valid YAML: {error.problem}") from None
    except RecursionError:
        raise ScriptError(f"{path}: not valid YAML: nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:  # bytes that are no text; dates like 2026-13-01
        raise ScriptError(f"{path}: not valid YAML: {str(error).splitlines()[0]}") from None
    if node is None:
        raise ScriptError(f"{path}: the file is empty")
    return node, content


def _about_unknown_key(key: str, part: type[ScriptPart]) -> str:
    known = list(part.model_fields)
    nearest = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known here: {', '.join(known)}"
    return f"unknown key {key!r}; {hint}"


def _line_of(location: Iterable[str | int], node: yaml.Node) -> int:
    """Line of the value at a location such as turns, 0, expect; of what holds it, where it is missing."""
    line = node.start_mark.line
    for step in location:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == step), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line
    return line + 1

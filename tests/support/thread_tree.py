"""A thread as indented text, so that a whole conversation is one assertion."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any


def as_tree(steps: Iterable[Mapping[str, Any]], *, chars: int | None = 100) -> str:
    """Steps, as the Literal API spells them, in order of their start below their parents; lines cut at `chars`.

    user_message user: what's the weather in sf
    run agent
      llm offline-demo → get_current_weather({"location":"San Francisco"})
      tool get_current_weather(location=San Francisco): {"place"…
      llm offline-demo: In San Francisco it is 18 °C.
    assistant_message assistant: In San Francisco it is 18 °C.
    """
    children: dict[str | None, list[Mapping[str, Any]]] = defaultdict(list)
    known = {step["id"]: step for step in steps}
    for step in sorted(known.values(), key=lambda step: step["startTime"]):
        parent = step.get("parentId")
        children[parent if parent in known else None].append(step)

    lines: list[str] = []

    def add(parent: str | None, depth: int) -> None:
        for step in children[parent]:
            lines.append(_cut("  " * depth + _line(step), chars))
            add(step["id"], depth + 1)

    add(None, 0)
    return "\n".join(lines)


def _line(step: Mapping[str, Any]) -> str:
    kind, name = step["type"], step.get("name") or ""
    shown = {"llm": _llm, "tool": _tool, "run": lambda _: ""}.get(kind, _message)(step)
    error = f" ERROR {step['error']}" if step.get("error") else ""
    return f"{kind} {name}{shown}{error}".rstrip()


def _cut(line: str, chars: int | None) -> str:
    return line if chars is None or len(line) <= chars else line[: chars - 1] + "…"


def _message(step: Mapping[str, Any]) -> str:
    return ": " + _one_line((step.get("output") or {}).get("content"))


def _llm(step: Mapping[str, Any]) -> str:
    said = (step.get("generation") or {}).get("messageCompletion") or {}
    calls = [call["function"] for call in said.get("tool_calls") or ()]
    if calls:
        return " → " + ", ".join(f"{call['name']}({_one_line(call['arguments'])})" for call in calls)
    return f": {_one_line(said['content'])}" if said.get("content") else ""


def _tool(step: Mapping[str, Any]) -> str:
    given = step.get("input") or {}
    arguments = ", ".join(f"{name}={_one_line(value)}" for name, value in given.items())
    return f"({arguments}): {_one_line((step.get('output') or {}).get('content'))}"


def _one_line(value: Any) -> str:
    return " ".join(str(value).split())

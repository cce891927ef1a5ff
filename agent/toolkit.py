"""The tools a model may call: a registry of plain typed functions, and how one call is carried out.

Whatever goes wrong with a call is told to the model as its result, never raised: it can then try otherwise.
"""

import asyncio
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from agent.chat import ToolCall, ToolResult
from agent.clock import SYSTEM_CLOCK, Clock
from agent.schema import Signature, signature_of
from agent.threads import in_thread

F = TypeVar("F", bound=Callable[..., Any])

MAX_ERROR_CHARS = 500  # an exception's text may hold a whole response body


class ToolError(Exception):
    """What went wrong, in words meant for the model. Other exceptions are told with their type's name."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function a model may call."""

    name: str
    function: Callable[..., Any]
    signature: Signature

    @property
    def schema(self) -> dict[str, Any]:
        """The tool as the Chat Completions API is told of it."""
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.signature.description,
                "parameters": self.signature.parameters,
            },
        }


class Toolkit:
    """A set of tools and what they are given. `@toolkit.tool` adds a function and leaves it as it was."""

    def __init__(self, tools: Iterable[Tool] = (), given: Mapping[Any, Any] | None = None) -> None:
        """A toolkit of these tools; `given` maps the type of a `Given[…]` parameter to its value."""
        self._tools = {tool.name: tool for tool in tools}
        self._given = dict(given or {})

    def tool(self, function: F) -> F:
        """Let models call this function.

        Raises:
            TypeError: a parameter has no type or can't be filled by name.
            ValueError: there is a tool of this name.
        """
        name = function.__name__
        if name in self._tools:
            raise ValueError(f"there are two tools called {name}")
        self._tools[name] = Tool(name, function, signature_of(function))
        return function

    def with_given(self, given: Mapping[Any, Any]) -> "Toolkit":
        """The same tools, given these values by type."""
        return Toolkit(self._tools.values(), {**self._given, **given})

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    @property
    def names(self) -> list[str]:
        """The tools' names, in the order they were added."""
        return list(self._tools)

    @property
    def schemas(self) -> list[dict[str, Any]]:
        """What a model is shown."""
        return [tool.schema for tool in self._tools.values()]

    async def run(self, call: ToolCall, *, seconds: float, max_chars: int, clock: Clock = SYSTEM_CLOCK) -> ToolResult:
        """Carry out one call; every trouble becomes a result that says so. Only being cancelled is raised."""
        timer = clock.timeout(seconds)
        try:
            async with timer:
                value = await self._call(call)
            return ToolResult(_cut(_as_text(value), max_chars))
        except TimeoutError as error:
            reason = f"no result within {seconds:.3g} s, gave up" if timer.expired() else _reason(error)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            reason = "the tool cancelled itself"
        except (Exception, SystemExit) as error:
            reason = _reason(error)
        return ToolResult(_cut(f"Error: {reason}", max_chars), error=reason)

    async def _call(self, call: ToolCall) -> Any:
        tool = self._tools.get(call.name)
        if tool is None:
            raise ToolError(f"there is no tool {call.name!r}; there are: {', '.join(self._tools) or 'none'}")
        arguments = _arguments(tool, call.arguments)
        arguments |= {name: self._given[kind] for name, kind in tool.signature.given.items()}
        if inspect.iscoroutinefunction(tool.function):
            return await tool.function(**arguments)
        return await in_thread(tool.function, arguments)

    async def aclose(self) -> None:
        """Close what the tools were given."""
        for value in self._given.values():
            if close := getattr(value, "aclose", None):
                await close()


def _arguments(tool: Tool, text: str) -> dict[str, Any]:
    try:
        arguments: Any = orjson.loads(text or "{}")
    except orjson.JSONDecodeError as error:
        raise ToolError(f"the arguments are not JSON: {error}") from None
    try:
        return tool.signature.check(arguments)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        told = "; ".join(f"{_where(fault['loc'])}: {fault['msg']}" for fault in faults)
        raise ToolError(f"wrong arguments: {told}") from None


def _where(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "the arguments"


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # half a surrogate pair could not be sent on
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError as error:
        raise ToolError(f"the tool's result can't be written as JSON: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, set | frozenset):
        return list(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    raise TypeError(f"{type(value).__name__} is no JSON")


def _cut(text: str, max_chars: int) -> str:
    if len(text) <= max_chars:
        return text
    return f"{text[:max_chars]}\n[cut: {len(text) - max_chars:,} of {len(text):,} characters left out]"


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split()) if isinstance(error, ToolError) else f"{type(error).__name__}: {error}"
    return _cut(_as_text(text.removesuffix(": ")), MAX_ERROR_CHARS)

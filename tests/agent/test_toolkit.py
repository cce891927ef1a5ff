"""A typed function becomes a tool: its schema, the check of its arguments, and what a call answers."""

import enum
import json
import threading
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from agent.chat import ToolCall, ToolResult
from agent.schema import Given
from agent.threads import MAX_THREADS
from agent.toolkit import MAX_ERROR_CHARS, ToolError, Toolkit


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Point(BaseModel):
    x: int
    y: int = 0


@pytest.fixture
def kit() -> Toolkit:
    return Toolkit()


async def run(kit: Toolkit, name: str, arguments: Any, max_chars: int = 1000) -> ToolResult:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return await kit.run(ToolCall("id", name, text), seconds=5, max_chars=max_chars)


def schema_of(kit: Toolkit) -> dict[str, Any]:
    return kit.schemas[0]["function"]


def test_the_schema_is_read_from_signature_types_and_docstring(kit):
    @kit.tool
    async def paint(
        wall: str,
        colour: Literal["red", "blue"] = "red",
        coats: Annotated[int, Field(ge=1, description="How often.")] = 2,
    ) -> str:
        """Paint a wall
        in one colour.

        It dries over night.

        Args:
            wall: Which wall,
                for example "north".
            colour (str): The colour: one of two.
            coats: Not read, the annotation says it.

        Returns:
            Nothing of interest.
        """
        return f"{wall} {colour} {coats}"

    assert kit.schemas == [
        {
            "type": "function",
            "function": {
                "name": "paint",
                "description": "Paint a wall in one colour.\n\nIt dries over night.",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "wall": {"type": "string", "description": 'Which wall, for example "north".'},
                        "colour": {
                            "type": "string",
                            "enum": ["red", "blue"],
                            "default": "red",
                            "description": "The colour: one of two.",
                        },
                        "coats": {"type": "integer", "minimum": 1, "default": 2, "description": "How often."},
                    },
                    "required": ["wall"],
                    "additionalProperties": False,
                },
            },
        }
    ]


def test_a_function_without_parameters_or_docstring_is_a_tool(kit):
    @kit.tool
    def ping():
        return "pong"

    expected = {"type": "object", "properties": {}, "additionalProperties": False}
    assert schema_of(kit) == {"name": "ping", "description": "", "parameters": expected}


def test_the_decorated_function_stays_what_it_was(kit):
    def plain(x: int) -> int:
        """Plain."""
        return x

    assert kit.tool(plain) is plain
    assert "plain" in kit
    assert kit.names == ["plain"]


async def test_arguments_arrive_as_the_functions_own_types(kit):
    seen: list[Any] = []

    @kit.tool
    def draw(at: Point, colour: Colour, copy: bool = False, _hidden: float = 0.5) -> None:
        """Draw; two parameter names would clash with pydantic's own."""
        seen.extend([at, colour, copy, _hidden])

    result = await run(kit, "draw", {"at": {"x": 3}, "colour": "blue", "copy": True, "_hidden": 1})
    assert (result.content, result.error) == ("null", None)
    assert seen == [Point(x=3), Colour.BLUE, True, 1.0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "at: Field required"),
        ({"at": "x"}, "at: Input should be a valid integer"),
        ({"at": 1, "more": 2}, "more: Extra inputs are not permitted"),
        ("[1]", "the arguments: Input should be a valid dictionary"),
        ("nonsense", "not JSON"),
        ('{"at": 1', "not JSON"),
        ("[" * 5000, "not JSON"),
        ('"\\ud800"', "not JSON"),
        ("null", "the arguments"),
    ],
)
async def test_wrong_arguments_are_told_to_the_model_and_never_reach_the_function(kit, arguments, told):
    @kit.tool
    def stand(at: int) -> None:
        """Never called here."""
        raise AssertionError

    result = await run(kit, "stand", arguments)
    assert told in (result.error or "")
    assert result.content == f"Error: {result.error}"


async def test_no_arguments_at_all_mean_an_empty_object(kit):
    kit.tool(lambda_named("ping"))
    assert (await run(kit, "ping", "")).content == "pong"


def lambda_named(name: str):
    def function() -> str:
        return "pong"

    function.__name__ = name
    return function


def test_a_tool_that_cannot_be_offered_is_refused_where_it_is_declared(kit):
    def untyped(x):
        return x

    def many(*xs: int) -> None:
        return None

    def fine() -> None:
        return None

    with pytest.raises(TypeError, match="untyped: parameter x has no type"):
        kit.tool(untyped)
    with pytest.raises(TypeError, match="xs can't be filled by name"):
        kit.tool(many)
    kit.tool(fine)
    with pytest.raises(ValueError, match="two tools called fine"):
        kit.tool(fine)


async def test_given_parameters_are_filled_by_type_and_hidden_from_the_model(kit):
    class Ledger(list[str]):
        closed = False

        async def aclose(self) -> None:
            self.closed = True

    @kit.tool
    def note(text: str, *, ledger: Given[Ledger]) -> int:
        """Note a text."""
        ledger.append(text)
        return len(ledger)

    ledger = Ledger()
    ready = kit.with_given({Ledger: ledger})
    assert list(schema_of(ready)["parameters"]["properties"]) == ["text"]
    assert (await run(ready, "note", {"text": "a"})).content == "1"
    assert "Extra inputs" in ((await run(ready, "note", {"text": "a", "ledger": []})).error or "")
    assert ledger == ["a"]
    await ready.aclose()
    assert ledger.closed


@dataclass
class Found:
    name: str
    at: datetime
    tags: set[str]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        ("", ""),
        (None, "null"),
        ({"a": [1, 2.5, True]}, '{"a":[1,2.5,true]}'),
        ({1: "x"}, '{"1":"x"}'),
        (Point(x=1), '{"x":1,"y":0}'),
        (
            Found("é", datetime(2026, 1, 2, tzinfo=UTC), {"t"}),
            '{"name":"é","at":"2026-01-02T00:00:00+00:00","tags":["t"]}',
        ),
        ("half \ud800 a pair", "half ? a pair"),
    ],
)
async def test_results_are_text_or_json(kit, value, text):
    @kit.tool
    def give() -> Any:
        """Give it."""
        return value

    assert await run(kit, "give", {}) == ToolResult(text)


async def test_a_result_that_is_no_json_is_an_error(kit):
    @kit.tool
    def give() -> object:
        """Give what can't be written."""
        return object()

    assert "can't be written as JSON" in ((await run(kit, "give", {})).error or "")


async def test_errors_are_named_and_cut_but_a_tool_error_speaks_for_itself(kit):
    @kit.tool
    def fail(how: str) -> None:
        """Fail."""
        if how == "told":
            raise ToolError("the shop is closed\n on Sundays")
        if how == "stop":
            raise StopIteration
        raise ValueError("x" * 2000)

    assert (await run(kit, "fail", {"how": "told"})).error == "the shop is closed on Sundays"
    assert "StopIteration" in ((await run(kit, "fail", {"how": "stop"})).error or "")
    long = (await run(kit, "fail", {"how": "long"})).error or ""
    assert long.startswith("ValueError: xxx")
    assert len(long) < MAX_ERROR_CHARS + 100


async def test_a_timeout_of_the_tools_own_is_not_ours(kit):
    @kit.tool
    async def wait() -> None:
        """Run into a limit of its own."""
        raise TimeoutError("the shop took too long")

    assert (await run(kit, "wait", {})).error == "TimeoutError: the shop took too long"


async def test_synchronous_tools_run_beside_the_loop_with_the_callers_context(kit):
    user: ContextVar[str] = ContextVar("user", default="nobody")

    @kit.tool
    def who() -> str:
        """Tell who asks, and from where."""
        return f"{user.get()} {threading.current_thread() is threading.main_thread()}"

    user.set("ada")
    assert (await run(kit, "who", {})).content == "ada False"


async def test_calls_that_hang_do_not_use_up_threads_without_end(kit, monkeypatch):
    monkeypatch.setattr("agent.threads._free", threading.BoundedSemaphore(1))
    release = threading.Event()

    @kit.tool
    def hang() -> None:
        """Hold the only thread."""
        release.wait(30)

    first = await kit.run(ToolCall("1", "hang", ""), seconds=0.01, max_chars=100)
    second = await run(kit, "hang", "")
    release.set()
    assert "no result within" in (first.error or "")
    assert second.error == f"NoThreadLeft: {MAX_THREADS} tool calls are running already"


@given(st.text())
async def test_no_arguments_however_odd_end_a_call_with_an_exception(text: str):
    kit = Toolkit()

    @kit.tool
    async def echo(text: str = "") -> str:
        """Echo."""
        return text

    result = await run(kit, "echo", text)
    assert result.error is None or result.content.startswith("Error: ")

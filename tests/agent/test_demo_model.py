"""The offline demo model through the real OpenAI SDK, over its real protocol, in this process."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import openai
import pytest

from agent.demo.app import MODEL, app
from agent.demo.transport import InProcess
from agent.events import Finish, Token, TurnDone
from agent.loop import Limits, run_turn
from agent.model import OpenAIModel, build_model
from agent.toolkit import ToolError, Toolkit
from settings import AgentSettings


@pytest.fixture
async def client() -> AsyncIterator[openai.AsyncOpenAI]:
    http = httpx2.AsyncClient(transport=InProcess(app))
    async with openai.AsyncOpenAI(api_key="none", base_url="http://demo/v1", http_client=http, max_retries=0) as client:
        yield client


@pytest.fixture
async def model() -> AsyncIterator[OpenAIModel]:
    model = await asyncio.to_thread(build_model, AgentSettings())
    yield model
    await model.aclose()


@pytest.fixture
def tools() -> Toolkit:
    kit = Toolkit()

    @kit.tool
    def sky(place: str, degrees: str = "celsius") -> dict[str, Any]:
        """Tell the weather.

        Args:
            place: A city.
            degrees: Celsius or Fahrenheit.
        """
        if place == "Atlantis":
            raise ToolError("no such place")
        return {"location": place, "temperature": 7, "unit": degrees, "conditions": "fog", "source": "a test"}

    @kit.tool
    def reckon(formula: str) -> str:
        """Work out arithmetic."""
        return {"6*7": "42"}[formula.replace(" ", "")]

    return kit


async def converse(model: OpenAIModel, tools: Toolkit, *questions: str, stream: bool = False) -> list[TurnDone]:
    """Ask these questions one after the other, in one conversation."""
    history: list[dict[str, Any]] = [{"role": "system", "content": "You are a helpful assistant."}]
    turns: list[TurnDone] = []
    for question in questions:
        asked = [*history, {"role": "user", "content": question}]
        async for event in run_turn(asked, model=model, tools=tools, limits=Limits(), stream=stream):
            if isinstance(event, TurnDone):
                turns.append(event)
                history = event.messages
    return turns


def calls(turn: TurnDone) -> list[dict[str, Any]]:
    """The arguments of the calls of the last question."""
    asked = max(at for at, message in enumerate(turn.messages) if message["role"] == "user")
    made = [call for message in turn.messages[asked:] for call in message.get("tool_calls", ())]
    return [json.loads(call["function"]["arguments"]) for call in made]


async def test_it_calls_the_weather_tool_by_its_schema_and_answers_from_the_result(model, tools):
    (turn,) = await converse(model, tools, "what's the weather in sf")
    assert calls(turn) == [{"place": "San Francisco"}]
    assert turn.answer == "In San Francisco it is 7 °C, fog. (Source: a test.)"
    assert turn.tools_used == ["sky"]
    assert turn.finish == Finish.STOP
    assert turn.usage.input_tokens > 0 < turn.usage.output_tokens


async def test_two_places_and_a_sum_are_three_parallel_calls(model, tools):
    (turn,) = await converse(model, tools, "weather in sf and paris and what is 6 * 7?")
    assert calls(turn) == [{"place": "San Francisco"}, {"place": "Paris"}, {"formula": "6 * 7"}]
    assert len([message for message in turn.messages if message.get("tool_calls")]) == 1


async def test_a_follow_up_leans_on_the_turn_before(model, tools):
    turns = await converse(model, tools, "weather in sf", "and in paris?", "6*7", "what about rome and oslo")
    assert [calls(turn) for turn in turns] == [
        [{"place": "San Francisco"}],
        [{"place": "Paris"}],
        [{"formula": "6*7"}],
        [{"place": "Rome"}, {"place": "Oslo"}],
    ]
    assert turns[2].answer == "6*7 = 42."


async def test_a_tools_error_is_told_and_the_tool_not_called_again(model, tools):
    (turn,) = await converse(model, tools, "weather in atlantis")
    assert calls(turn) == [{"place": "Atlantis"}]
    assert turn.answer == "Sky failed for Atlantis: no such place."


@pytest.mark.parametrize("question", ["hello", "thank you", "who wrote Faust?"])
async def test_what_it_does_not_understand_it_says_and_what_it_is(model, tools, question):
    (turn,) = await converse(model, tools, question)
    assert calls(turn) == []
    assert MODEL in turn.answer
    assert "rule-based" in turn.answer
    assert "sky" in turn.answer


async def test_the_weather_of_nowhere_is_asked_back(model, tools):
    (turn,) = await converse(model, tools, "how is the weather?")
    assert turn.answer == "For which place would you like to know the weather?"


async def test_without_tools_it_answers_all_the_same(model):
    (turn,) = await converse(model, Toolkit(), "what's the weather in sf")
    assert "no tools" in turn.answer


async def test_tools_declared_later_are_found_by_their_words(model):
    kit = Toolkit()

    @kit.tool
    def create_note(text: str) -> str:
        """Write a note for the user."""
        return f"noted {text}"

    @kit.tool
    def list_notes(limit: int) -> list[str]:
        """Show the newest notes of the user."""
        return ["a"] * limit

    @kit.tool
    def search_web(query: str) -> str:
        """Search the web for pages."""
        return f"found {query}"

    turns = await converse(
        model, kit, 'create a note "buy milk"', "list my 2 notes", "search the web for red pandas", "please make tea"
    )
    assert [calls(turn) for turn in turns] == [[{"text": "buy milk"}], [{"limit": 2}], [{"query": "red pandas"}], []]
    assert turns[0].answer == "Create note says: noted buy milk"


async def test_streamed_or_not_the_conversation_is_the_same(model, tools):
    questions = ("weather in sf and paris", "and in rome?", "6*7", "hello")
    whole = await converse(model, tools, *questions)
    streamed = await converse(model, tools, *questions, stream=True)
    assert streamed == whole


async def test_the_sdk_reads_a_stream_chunk_by_chunk_with_usage_at_the_end(client):
    stream = await client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": "hello"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    said = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert len(said) > 10
    assert chunks[-1].usage
    assert not chunks[-1].choices
    whole = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "hello"}])
    assert "".join(said) == whole.choices[0].message.content
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens


async def test_the_loop_streams_its_answer(model, tools):
    asked = [{"role": "user", "content": "weather in sf"}]
    events = [e async for e in run_turn(asked, model=model, tools=tools, limits=Limits(), stream=True)]
    tokens = [event.text for event in events if isinstance(event, Token)]
    assert len(tokens) > 5
    assert "".join(tokens) == events[-1].answer


async def test_it_lists_itself(client):
    assert [model.id async for model in client.models.list()] == [MODEL]


async def test_max_tokens_cut_the_answer_and_tool_choice_none_keeps_it_from_calling(client):
    asked = {"model": MODEL, "messages": [{"role": "user", "content": "weather in sf"}]}
    function = {
        "name": "sky",
        "description": "weather",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}},
    }
    tools = [{"type": "function", "function": function}]
    cut = await client.chat.completions.create(**asked, max_tokens=3)
    assert (cut.choices[0].finish_reason, cut.usage.completion_tokens) == ("length", 3)
    calling = await client.chat.completions.create(**asked, tools=tools)
    assert calling.choices[0].finish_reason == "tool_calls"
    told = await client.chat.completions.create(**asked, tools=tools, tool_choice="none")
    assert told.choices[0].message.tool_calls is None


U = {"role": "user", "content": "hi"}
FUNCTION = {"name": "f", "arguments": "{}"}
CALLS = [{"id": "a", "type": "function", "function": FUNCTION}]
CALL = {"role": "assistant", "content": None, "tool_calls": CALLS}
RESULT = {"role": "tool", "tool_call_id": "a", "content": "x"}


def said(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": list(messages), **more}


def offering(**function: Any) -> dict[str, Any]:
    return said(U, tools=[{"type": "function", "function": function}])


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ("{", 400, None),
        ([], 400, None),
        ({"messages": [U]}, 400, "model"),
        ({"model": "gpt-4.1", "messages": [U]}, 404, "model"),
        ({"model": MODEL}, 400, "messages"),
        (said(), 400, "messages"),
        (said("hi"), 400, "messages[0].role"),
        (said({"role": "robot", "content": "hi"}), 400, "messages[0].role"),
        (said({"role": "user", "content": None}), 400, "messages[0].content"),
        (said({"role": "user", "content": []}), 400, "messages[0].content"),
        (said({"role": "assistant"}), 400, "messages[0].content"),
        (said({"role": "assistant", "content": "x", "tool_calls": []}), 400, "messages[0].tool_calls"),
        (said({**CALL, "tool_calls": [{"id": "a"}]}), 400, "messages[0].tool_calls"),
        (said(U, RESULT), 400, "messages[1].role"),
        (said(CALL, RESULT, RESULT), 400, "messages[2].role"),
        (said(CALL, U, RESULT), 400, "messages"),
        (said(CALL), 400, "messages"),
        (said(U, tools=[]), 400, "tools"),
        (offering(name="a b"), 400, "tools[0]"),
        (offering(name="a", parameters={}), 400, "tools[0].function.parameters"),
    ],
)
async def test_it_refuses_what_a_provider_refuses(body, status, param):
    async with httpx2.AsyncClient(transport=InProcess(app), base_url="http://demo") as http:
        text = body if isinstance(body, str) else json.dumps(body)
        response = await http.post("/v1/chat/completions", content=text)
    assert response.status_code == status
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert response.json()["error"]["param"] == param

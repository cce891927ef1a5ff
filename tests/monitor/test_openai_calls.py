"""`instrument_openai` with the real OpenAI SDK, over its real protocol, and no class patched."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from monitor import LiteralClient, open_client
from settings import MonitorSettings

MESSAGES = [{"role": "user", "content": "weather in sf and paris?"}]
USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}


def completion(**message: Any) -> dict[str, Any]:
    return {
        "id": "r1", "object": "chat.completion", "created": 1, "model": "gpt-answered",
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}], "usage": USAGE,
    }  # fmt: skip


def chunk(delta: dict[str, Any] | None, usage: dict[str, Any] | None = None) -> str:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": None}]
    told = {"id": "r1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-answered", "choices": choices}
    return "data: " + json.dumps({**told, **({"usage": usage} if usage else {})}) + "\n\n"


def part(index: int, arguments: str, call: str | None = None) -> dict[str, Any]:
    name = {"name": "weather"} if call else {}
    first = {"id": call, "type": "function"} if call else {}
    return {"tool_calls": [{"index": index, **first, "function": {**name, "arguments": arguments}}]}


STREAM = "".join(
    [
        chunk({"role": "assistant", "content": ""}),
        chunk(part(0, '{"city":', "c1")),
        chunk(part(1, '{"city":"paris"}', "c2")),
        chunk(part(0, '"sf"}')),
        chunk(None, USAGE),
        "data: [DONE]\n\n",
    ]
)


def provider(request: httpx2.Request) -> httpx2.Response:
    asked = json.loads(request.content)
    assert not [key for key in asked if key.startswith("literalai_")]
    if asked["model"] == "broken":
        return httpx2.Response(400, json={"error": {"message": "no such model"}})
    if asked.get("stream"):
        return httpx2.Response(200, text=STREAM, headers={"content-type": "text/event-stream"})
    return httpx2.Response(200, json=completion(content="sunny"))


@pytest.fixture
def literal(tmp_path: Path, literal_api: Any) -> Iterator[LiteralClient]:
    settings = MonitorSettings(delivery_poll_seconds=0.01)
    client = open_client(settings, data_dir=tmp_path, url=literal_api.url, api_key="key")
    yield client
    client.close(0)


@pytest.fixture
def sync_openai(literal: LiteralClient) -> Iterator[openai.OpenAI]:
    client = openai.OpenAI(
        api_key="k", http_client=httpx2.Client(transport=httpx2.MockTransport(provider)), max_retries=0
    )
    literal.instrument_openai(client)
    yield client
    client.close()


@pytest.fixture
async def async_openai(literal: LiteralClient) -> openai.AsyncOpenAI:
    transport = httpx2.MockTransport(provider)
    client = openai.AsyncOpenAI(api_key="k", http_client=httpx2.AsyncClient(transport=transport), max_retries=0)
    literal.instrument_openai(client)
    literal.instrument_openai(client)
    return client


def only_step(literal: LiteralClient, literal_api: Any) -> dict[str, Any]:
    literal.close(20)
    (step,) = [step for step in literal_api.steps.values() if step["type"] == "llm"]
    return step


def check_stream(step: dict[str, Any]) -> None:
    told = step["generation"]
    calls = told["messageCompletion"]["tool_calls"]
    assert [(call["id"], call["function"]["arguments"]) for call in calls] == [
        ("c1", '{"city":"sf"}'),
        ("c2", '{"city":"paris"}'),
    ]
    assert (told["inputTokenCount"], told["outputTokenCount"], told["tokenCount"]) == (5, 7, 12)
    assert told["ttFirstToken"] > 0
    assert told["model"] == step["name"] == "gpt-answered"


def test_a_call_becomes_an_llm_step_under_what_is_current(
    literal: LiteralClient, literal_api: Any, sync_openai: openai.OpenAI
) -> None:
    with literal.thread(thread_id="t"), literal.run(name="r") as run:
        answer = sync_openai.chat.completions.create(
            model="gpt",
            messages=MESSAGES,
            temperature=0.5,
            literalai_tags=["a"],
        )
    assert answer.choices[0].message.content == "sunny"
    step = only_step(literal, literal_api)
    assert (step["threadId"], step["parentId"], step["rootRunId"]) == ("t", run.id, run.id)
    assert step["output"] == {"role": "assistant", "content": "sunny"}
    told = step["generation"]
    assert told["settings"] == {"model": "gpt-answered", "temperature": 0.5}
    assert told["messages"] == MESSAGES
    assert told["tags"] == ["a"]
    assert told["tokenCount"] == 12


def test_a_stream_is_recorded_whole(literal: LiteralClient, literal_api: Any, sync_openai: openai.OpenAI) -> None:
    with sync_openai.chat.completions.create(model="gpt", messages=MESSAGES, stream=True) as stream:
        assert stream.response.status_code == 200
        assert len(list(stream)) == 5
    check_stream(only_step(literal, literal_api))


async def test_an_async_call_and_an_async_stream_are_recorded(
    literal: LiteralClient, literal_api: Any, async_openai: openai.AsyncOpenAI
) -> None:
    stream = await async_openai.chat.completions.create(model="gpt", messages=MESSAGES, stream=True)
    assert len([chunk async for chunk in stream]) == 5
    await literal.aclose(20)
    (step,) = literal_api.steps.values()
    check_stream(step)


async def test_a_stream_that_is_left_early_is_recorded_as_far_as_it_came(
    literal: LiteralClient, literal_api: Any, async_openai: openai.AsyncOpenAI
) -> None:
    stream = await async_openai.chat.completions.create(model="gpt", messages=MESSAGES, stream=True)
    async with stream:
        async for _ in stream:
            break
    await literal.aclose(20)
    (step,) = literal_api.steps.values()
    assert step["generation"]["model"] == "gpt-answered"
    assert "tokenCount" not in step["generation"]


def test_the_error_of_a_call_is_recorded_and_raised(
    literal: LiteralClient, literal_api: Any, sync_openai: openai.OpenAI
) -> None:
    with pytest.raises(openai.BadRequestError):
        sync_openai.chat.completions.create(model="broken", messages=MESSAGES)
    step = only_step(literal, literal_api)
    assert "no such model" in step["error"]
    assert "no such model" in step["generation"]["error"]
    assert step["generation"]["messages"] == MESSAGES


def test_raw_responses_are_recorded_too(literal: LiteralClient, literal_api: Any, sync_openai: openai.OpenAI) -> None:
    raw = sync_openai.chat.completions.with_raw_response.create(model="gpt", messages=MESSAGES)
    assert raw.parse().choices[0].message.content == "sunny"
    assert only_step(literal, literal_api)["generation"]["tokenCount"] == 12


def test_other_clients_are_left_alone(literal: LiteralClient, literal_api: Any, sync_openai: openai.OpenAI) -> None:
    transport = httpx2.MockTransport(provider)
    with openai.OpenAI(api_key="k", http_client=httpx2.Client(transport=transport)) as other:
        other.chat.completions.create(model="gpt", messages=MESSAGES)
    literal.close(20)
    assert literal_api.steps == {}


@pytest.mark.parametrize("clients", [(), (object(),), ("key",)])
def test_without_a_client_it_says_what_to_write(literal: LiteralClient, clients: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match=r"instrument_openai\(OpenAI\(\)\)"):
        literal.instrument_openai(*clients)


def test_a_fault_in_recording_leaves_the_call_alone(
    literal: LiteralClient, sync_openai: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("broken")

    breakable: list[tuple[str, Callable[..., Any]]] = [
        ("monitor.openai_calls.frozen", broken),
        ("monitor.openai_calls.generation", broken),
        ("monitor.openai_calls._as_dict", broken),
        ("monitor.literal.objects.Step.__init__", broken),
        ("monitor.literal.objects.Step.end", broken),
    ]
    for name, instead in breakable:
        with monkeypatch.context() as context:
            context.setattr(name, instead)
            answer = sync_openai.chat.completions.create(model="gpt", messages=MESSAGES)
            assert answer.choices[0].message.content == "sunny"
            assert len(list(sync_openai.chat.completions.create(model="gpt", messages=MESSAGES, stream=True))) == 5

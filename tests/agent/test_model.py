"""The OpenAI SDK against a real HTTP server that misbehaves as providers do."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from agent.chat import ModelRequest, Usage
from agent.errors import (
    AnswerMalformed,
    KeyRefused,
    ModelTimeout,
    ProviderError,
    ProviderFailed,
    ProviderUnreachable,
    RateLimited,
    RequestRejected,
)
from agent.model import build_model
from settings import AgentSettings

KEY = "sk-very-secret-1234567890"
ANSWER = {
    "model": "m-2026",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def chunk(**delta: Any) -> dict[str, Any]:
    return {"model": "m-2026", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


@pytest.fixture
async def ask(provider):
    """Ask the fake provider once through `build_model`; what came is the completion and the texts."""
    models = []

    async def ask(*, stream: bool = False, tools: bool = False, **settings: Any):
        given = {"openai_api_key": KEY, "openai_base_url": provider.url + "/v1", "model": "m", "model_retries": 0}
        model = await asyncio.to_thread(build_model, AgentSettings(**(given | settings)))
        models.append(model)
        texts: list[str] = []
        request = ModelRequest(
            model.name,
            [{"role": "user", "content": "hi"}],
            [TOOL] if tools else [],
            model.settings | ({"stream": True} if stream else {}),
        )
        return await model.ask(request, texts.append), texts

    yield ask
    for model in models:
        await model.aclose()


async def test_a_call_says_what_it_should_and_brings_back_what_was_answered(ask, provider):
    provider.gives(ANSWER)
    completion, texts = await ask(tools=True, temperature=0.3)
    assert provider.paths == ["/v1/chat/completions"]
    assert provider.headers[0]["authorization"] == f"Bearer {KEY}"
    message = {"role": "user", "content": "hi"}
    assert provider.bodies == [{"model": "m", "messages": [message], "temperature": 0.3, "tools": [TOOL]}]
    assert completion.message == {"role": "assistant", "content": "Hi"}
    assert (completion.model, completion.provider, completion.finish_reason) == ("m-2026", "127.0.0.1", "stop")
    assert completion.usage == Usage(3, 1)
    assert completion.first_token_seconds is None
    assert texts == []


async def test_no_tools_means_no_tools_field(ask, provider):
    provider.gives(ANSWER)
    await ask()
    assert "tools" not in provider.bodies[0]


async def test_a_stream_brings_texts_and_the_same_completion(ask, provider):
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    provider.streams(
        chunk(role="assistant", content=""), chunk(content="H"), chunk(content="i"), end,
        {"choices": [], "usage": ANSWER["usage"]}, "[DONE]",
    )  # fmt: skip
    completion, texts = await ask(stream=True)
    assert texts == ["H", "i"]
    assert completion.message == {"role": "assistant", "content": "Hi"}
    assert (completion.finish_reason, completion.usage, completion.model) == ("stop", Usage(3, 1), "m-2026")
    assert 0 < (completion.first_token_seconds or 0) <= completion.seconds
    assert provider.bodies[0]["stream_options"] == {"include_usage": True}


def error(message: str = "no", **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "x", "param": None, "code": None, **more}}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("status", "kind", "answered", "code"),
    [
        (401, KeyRefused, 502, "provider_refused_key"),
        (403, KeyRefused, 502, "provider_refused_key"),
        (429, RateLimited, 429, "provider_rate_limited"),
        (500, ProviderFailed, 502, "provider_failed"),
        (503, ProviderFailed, 502, "provider_failed"),
        (400, RequestRejected, 502, "provider_rejected_request"),
        (404, RequestRejected, 502, "provider_rejected_request"),
    ],
)
async def test_a_refusal_becomes_our_error_without_the_key(ask, provider, status, kind, answered, code, stream):
    provider.gives(error(f"Incorrect API key provided: {KEY}"), status, retry_after="7")
    with pytest.raises(kind) as caught:
        await ask(stream=stream)
    assert (caught.value.status, caught.value.code) == (answered, code)
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.retry_after == (7 if status == 429 else None)


async def test_what_the_provider_says_of_a_rejected_request_is_kept(ask, provider):
    provider.gives(error("The model `m` does not exist"), 404)
    with pytest.raises(RequestRejected, match=r"\(HTTP 404\): The model `m` does not exist\.$"):
        await ask()


async def test_a_retry_after_may_be_a_date_or_nonsense(ask, provider):
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    for value, low, high in ((later, 3500, 3600), ("soon", None, None)):
        provider.gives(error(), 429, retry_after=value)
        with pytest.raises(RateLimited) as caught:
            await ask()
        after = caught.value.retry_after
        assert after is low is None or low <= after <= high


async def test_what_passes_is_tried_again(ask, provider):
    provider.gives(error(), 500, retry_after="0.01")
    provider.gives(error(), 429, retry_after="0.01")
    provider.gives(ANSWER)
    completion, _ = await ask(model_retries=2)
    assert completion.text == "Hi"


async def test_a_long_wait_is_told_at_once_instead_of_waited_for(ask, provider):
    provider.gives(error(), 429, retry_after="60")
    with pytest.raises(RateLimited) as caught:
        await ask(model_retries=2)
    assert caught.value.retry_after == 60


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_no_answer_in_time_is_a_timeout_and_the_provider_sees_us_leave(ask, provider, stream):
    provider.hangs()
    with pytest.raises(ModelTimeout) as caught:
        await ask(stream=stream, model_seconds=0.1)
    assert caught.value.status == 504
    assert await asyncio.to_thread(provider.left.wait, 5)


async def test_a_stream_that_stalls_is_a_timeout_too(ask, provider):
    provider.streams(chunk(content="H"), then="hang")
    with pytest.raises(ModelTimeout):
        await ask(stream=True, model_seconds=0.3)
    assert await asyncio.to_thread(provider.left.wait, 5)


async def test_cancelling_cancels_upstream(ask, provider):
    provider.hangs()
    asking = asyncio.create_task(ask())
    assert await asyncio.to_thread(provider.asked.wait, 5)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await asyncio.to_thread(provider.left.wait, 5)


async def test_nobody_there_is_unreachable(ask):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(ProviderUnreachable) as caught:
        await ask(openai_base_url=f"http://127.0.0.1:{port}/v1")
    assert caught.value.status == 503


async def test_a_stream_that_breaks_off_is_an_error_not_an_answer(ask, provider):
    provider.streams(chunk(content="H"), then="break")
    with pytest.raises(ProviderUnreachable):
        await ask(stream=True)


async def test_an_error_in_the_middle_of_a_stream_is_an_error(ask, provider):
    provider.streams(chunk(content="H"), error("overloaded " + KEY))
    with pytest.raises(ProviderFailed) as caught:
        await ask(stream=True)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[" * 100_000,
        "<html>",
        "null",
        "[]",
        {},
        {"choices": []},
        {"choices": [{"message": None}]},
        {"error": "what"},
    ],
)
async def test_garbage_is_malformed(ask, provider, body):
    provider.gives(body)
    with pytest.raises(AnswerMalformed) as caught:
        await ask()
    assert caught.value.status == 502


@pytest.mark.parametrize("events", [["{"], ["[1]"], ["[DONE]"], []])
async def test_a_stream_of_garbage_is_malformed(ask, provider, events):
    provider.streams(*events)
    with pytest.raises(AnswerMalformed):
        await ask(stream=True)


async def test_a_local_server_needs_no_key(ask, provider):
    provider.gives(ANSWER)
    completion, _ = await ask(openai_api_key=None)
    assert completion.text == "Hi"


@pytest.mark.parametrize(
    ("settings", "provider_name", "model"),
    [
        ({}, "offline-demo", "offline-demo"),
        ({"openai_api_key": "k"}, "openai", "gpt-4.1-mini"),
        ({"openai_base_url": "http://127.0.0.1:11434/v1"}, "127.0.0.1", "gpt-4.1-mini"),
        ({"openai_api_key": "k", "openai_base_url": "https://api.anthropic.com/v1/"}, "anthropic", "gpt-4.1-mini"),
        ({"openai_api_key": ""}, "offline-demo", "offline-demo"),
    ],
)
async def test_the_demo_model_is_taken_only_without_key_and_endpoint(settings, provider_name, model):
    built = await asyncio.to_thread(build_model, AgentSettings(**settings))
    assert (built.provider, built.name) == (provider_name, model)
    await built.aclose()


def test_every_provider_error_has_a_status_and_a_code():
    kinds = {kind.code: kind.status for kind in ProviderError.__subclasses__()}
    assert len(kinds) == len(ProviderError.__subclasses__())
    assert set(kinds.values()) == {429, 502, 503, 504}

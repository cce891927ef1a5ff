"""Records the calls of one OpenAI client as llm steps: the SDK's `instrument_openai`, without patching classes.

The SDK replaces `create` on the classes of the `openai` package, for every client of the process. Here only the methods
of the client that is handed over are wrapped. Streams keep their usage and all their parallel tool calls.
"""

import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from functools import wraps
from typing import Any, Protocol, Self, cast

from monitor.generation import StreamedResponse, generation
from monitor.serialise import frozen

Call = Callable[..., Any]
PREFIX = "literalai_"


class OpenStep(Protocol):
    """What is needed of a step."""

    name: Any
    input: Any
    output: Any
    generation: Any
    error: Any

    def end(self) -> None:
        """Record it."""
        ...


def record_calls(client: Any, open_step: Callable[[], OpenStep]) -> None:
    """Record the chat completions of `client` (openai's OpenAI or AsyncOpenAI) from now on. Twice is once.

    Raises:
        TypeError: this is no OpenAI client.
    """
    completions = getattr(getattr(client, "chat", None), "completions", None)
    create = getattr(completions, "create", None)
    if not callable(create):
        raise TypeError("instrument_openai takes an OpenAI client: instrument_openai(OpenAI())")
    if not hasattr(create, "__recorded__"):
        cast("Any", completions).create = _recorded(create, open_step)


def _recorded(create: Call, open_step: Callable[[], OpenStep]) -> Call:
    if inspect.iscoroutinefunction(inspect.unwrap(create)):

        @wraps(create)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            call = RecordedCall(open_step, kwargs)
            try:
                result = await create(*args, **_for_openai(kwargs))
            except BaseException as error:
                call.failed(error)
                raise
            return call.returned(result)

        run = run_async
    else:

        @wraps(create)
        def run_sync(*args: Any, **kwargs: Any) -> Any:
            call = RecordedCall(open_step, kwargs)
            try:
                result = create(*args, **_for_openai(kwargs))
            except BaseException as error:
                call.failed(error)
                raise
            return call.returned(result)

        run = run_sync
    cast("Any", run).__recorded__ = True
    return run


def _for_openai(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments without those that are for us, such as `literalai_tags`."""
    return {key: value for key, value in kwargs.items() if not key.startswith(PREFIX)}


class RecordedCall:
    """One call, from its start until its answer is whole. Its own faults end here."""

    def __init__(self, open_step: Callable[[], OpenStep], kwargs: Mapping[str, Any]) -> None:
        self._step: OpenStep | None = None
        self._streamed = StreamedResponse()
        self._started = time.perf_counter()
        self._first_token: float | None = None
        with suppress(Exception):
            given = {key: value for key, value in kwargs.items() if not key.startswith(PREFIX)}
            self._request = frozen({key: value for key, value in given.items() if _is_given(value)})
            self._prompt = _prompt_of(given.get("messages"))
            self._tags = kwargs.get("literalai_tags")
            self._metadata = kwargs.get("literalai_metadata")
            self._step = open_step()

    def failed(self, error: BaseException) -> None:
        """The call raised, or was cancelled."""
        self._end(lambda: None, str(error) or type(error).__name__)

    def returned(self, result: Any) -> Any:
        """What the caller gets: the answer itself, or the stream, watched."""
        if hasattr(result, "__anext__"):
            return AsyncRecordedStream(result, self)
        if hasattr(result, "__next__"):
            return RecordedStream(result, self)
        self._end(lambda: _as_dict(result), None)
        return result

    def chunk(self, chunk: Any) -> None:
        """A part of a streamed answer."""
        with suppress(Exception):
            self._streamed.add(_as_dict(chunk) or {})
            if self._first_token is None and self._streamed.started:
                self._first_token = time.perf_counter() - self._started

    def stream_ended(self, error: BaseException | None = None) -> None:
        """The stream is at its end, was closed, or broke; only the first of these counts."""
        self._end(self._streamed.response, None if error is None else str(error) or type(error).__name__)

    def _end(self, response: Callable[[], Mapping[str, Any] | None], error: str | None) -> None:
        step, self._step = self._step, None
        if step is None:
            return
        with suppress(Exception):
            made = generation(
                self._request,
                response(),
                seconds=time.perf_counter() - self._started,
                first_token_seconds=self._first_token,
                error=error,
                tags=self._tags,
                metadata=self._metadata,
            )
            step.name = made.get("model") or "openai"
            step.input = {"content": made.get("messages")}
            step.output = made.get("messageCompletion")
            step.generation = {**made, **self._prompt}
            step.error = error
        with suppress(Exception):
            step.end()


class RecordedStream:
    """A stream of the OpenAI SDK, watched; everything it can do, it still can."""

    def __init__(self, stream: Any, call: RecordedCall) -> None:
        self._stream = stream
        self._call = call

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            chunk = next(self._stream)
        except StopIteration:
            self._call.stream_ended()
            raise
        except BaseException as error:
            self._call.stream_ended(error)
            raise
        self._call.chunk(chunk)
        return chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the stream; what came so far is recorded."""
        self._call.stream_ended()
        self._stream.close()

    def __del__(self) -> None:
        self._call.stream_ended()


class AsyncRecordedStream:
    """The same for an async stream."""

    def __init__(self, stream: Any, call: RecordedCall) -> None:
        self._stream = stream
        self._call = call

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            chunk = await anext(self._stream)
        except StopAsyncIteration:
            self._call.stream_ended()
            raise
        except BaseException as error:
            self._call.stream_ended(error)
            raise
        self._call.chunk(chunk)
        return chunk

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the stream; what came so far is recorded."""
        self._call.stream_ended()
        await cast("Awaitable[None]", self._stream.close())

    def __del__(self) -> None:
        self._call.stream_ended()


def _is_given(value: Any) -> bool:
    """Whether an argument was given: the OpenAI SDK marks others with an object of its own."""
    return value is not None and type(value).__name__ not in {"NotGiven", "Omit"}


def _as_dict(answer: Any) -> dict[str, Any] | None:
    """An answer as the plain dict it came as; raw responses are parsed."""
    if not hasattr(answer, "model_dump") and hasattr(answer, "parse"):
        answer = answer.parse()
    dump = getattr(answer, "model_dump", None)
    return cast("dict[str, Any]", dump(mode="json", exclude_none=True)) if callable(dump) else None


def _prompt_of(messages: Any) -> dict[str, Any]:
    """Which Literal prompt the messages were made of, as `Prompt.format_messages` marks them."""
    for message in messages or ():
        if marked := getattr(message, "__literal_prompt__", None):
            return {"promptId": marked.get("prompt_id"), "variables": marked.get("variables")}
    return {}

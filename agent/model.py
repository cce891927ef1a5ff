"""The model behind the OpenAI SDK: OpenAI itself, any endpoint that speaks its protocol, or the offline demo model.

The only module that imports `openai`, which takes most of a second: import this one late.
"""

import asyncio
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import openai

from agent.chat import Completion, ModelRequest
from agent.decode import Answer, StreamedAnswer, read_body
from agent.demo.app import MODEL as DEMO_MODEL
from agent.demo.app import app as demo_app
from agent.demo.transport import InProcess
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
from agent.json_types import is_object
from settings import AgentSettings

LONGEST_RETRY_WAIT = 5.0  # seconds; the SDK would wait up to two minutes when a provider asks for it
KEYLESS = "no-key"  # the SDK wants a key; local servers do not
MAX_REASON_CHARS = 300
PATH = "/chat/completions"


def build_model(settings: AgentSettings) -> "OpenAIModel":
    """The configured provider's model; the offline demo model when neither a key nor an endpoint is set.

    Reads certificates from disk, so on an event loop call it in a thread.
    """
    more = {} if settings.temperature is None else {"temperature": settings.temperature}
    if settings.offline:
        client = openai.AsyncOpenAI(
            api_key=KEYLESS,
            base_url="http://offline-demo/v1",
            http_client=httpx2.AsyncClient(transport=InProcess(demo_app)),
            max_retries=0,
        )
        return OpenAIModel(client, DEMO_MODEL, provider=DEMO_MODEL, seconds=settings.model_seconds, settings=more)
    client = openai.AsyncOpenAI(
        api_key=settings.openai_api_key.get_secret_value() if settings.openai_api_key else KEYLESS,
        base_url=settings.openai_base_url or "https://api.openai.com/v1",
        http_client=openai.DefaultAsyncHttpxClient(event_hooks={"response": [_no_long_waits]}),
        max_retries=settings.model_retries,
    )
    return OpenAIModel(
        client,
        settings.model,
        provider=_provider_at(client.base_url.host),
        seconds=settings.model_seconds,
        settings=more,
    )


class OpenAIModel:
    """A model reached by the OpenAI SDK; one client, and so one connection pool, for all calls."""

    def __init__(
        self, client: openai.AsyncOpenAI, name: str, *, provider: str, seconds: float, settings: dict[str, Any]
    ) -> None:
        """Ask `name` through `client`; an answer, retries included, may take `seconds`."""
        self.name = name
        self.provider = provider
        self.settings = settings
        self._client = client
        self._seconds = seconds

    async def ask(self, request: ModelRequest, on_text: Callable[[str], None]) -> Completion:
        """Answer once; see `agent.chat.Model`."""
        started = time.monotonic()
        first_token: float | None = None

        def on_start() -> None:
            nonlocal first_token
            first_token = time.monotonic() - started

        try:
            async with asyncio.timeout(self._seconds):
                if request.settings.get("stream"):
                    answer = await self._stream(request, on_text, on_start)
                else:
                    answer = await self._post(request)
        except (openai.OpenAIError, TimeoutError, ValueError, RecursionError) as error:
            raise self._explained(error) from None  # the SDK's errors carry the request, and it the key
        return Completion(
            message=answer.message,
            model=answer.model or request.model,
            provider=self.provider,
            finish_reason=answer.finish_reason,
            usage=answer.usage,
            first_token_seconds=first_token,
            seconds=time.monotonic() - started,
        )

    async def _post(self, request: ModelRequest) -> Answer:
        # `post` with plain objects is the SDK without its pydantic models: they cost most of the CPU of a call,
        # and would hide what a not quite compatible provider really said.
        return read_body(await self._client.post(PATH, body=request.body, cast_to=object))

    async def _stream(
        self, request: ModelRequest, on_text: Callable[[str], None], on_start: Callable[[], None]
    ) -> Answer:
        stream = await self._client.post(
            PATH,
            body=request.body | {"stream_options": {"include_usage": True}},
            cast_to=object,
            stream=True,
            stream_cls=openai.AsyncStream[object],
        )
        answer = StreamedAnswer()
        waiting = True
        async with stream:
            async for chunk in stream:
                text = answer.add(chunk)
                if waiting and answer.started:
                    waiting = False
                    on_start()
                if text:
                    on_text(text)
        return answer.answer()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _explained(self, error: Exception) -> ProviderError:
        """The SDK's error in our terms, without anything secret."""
        match error:
            case TimeoutError() | openai.APITimeoutError():
                return ModelTimeout(f"The model did not answer within {self._seconds:g} s.")
            case openai.APIStatusError():
                return self._refused(error)
            case openai.APIConnectionError():
                return ProviderUnreachable("The provider can't be reached, or the connection broke.")
            case openai.APIError():
                return ProviderFailed("The provider reported an error in the middle of its answer.")
            case _:
                return AnswerMalformed("The provider's answer is no JSON.")

    def _refused(self, error: openai.APIStatusError) -> ProviderError:
        status = f"(HTTP {error.status_code})"
        match error.status_code:
            case 401 | 403:
                return KeyRefused(f"The provider refused the configured key {status}.")
            case 429:
                after = _retry_after(error.response)
                return RateLimited("The provider takes no more requests for now.", retry_after=after)
            case code if code >= httpx2.codes.INTERNAL_SERVER_ERROR:
                return ProviderFailed(f"The provider failed {status}.")
            case _:
                return RequestRejected(f"The provider rejected the request {status}{self._without_key(error.body)}.")

    def _without_key(self, body: object) -> str:
        """What the provider says is wrong with a request: the operator needs it, the key in it nobody."""
        said = body.get("message") if is_object(body) else None
        if not isinstance(said, str):
            return ""
        return ": " + said.replace(self._client.api_key, "[key]")[:MAX_REASON_CHARS].rstrip(".")


def _provider_at(host: str) -> str:
    known = {
        "api.openai.com": "openai",
        "generativelanguage.googleapis.com": "google",
        "api.anthropic.com": "anthropic",
    }
    return known.get(host, host)


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds of a `Retry-After` header, which may also be a date (RFC 9110, 10.2.3)."""
    value = response.headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


async def _no_long_waits(response: httpx2.Response) -> None:
    """Someone waits for this answer: they would rather hear at once that it takes a minute."""
    after = _retry_after(response)
    if after is not None and after > LONGEST_RETRY_WAIT:
        response.headers["x-should-retry"] = "false"  # the SDK obeys it

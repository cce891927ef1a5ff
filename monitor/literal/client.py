"""`LiteralClient` and `AsyncLiteralClient`: how the SDK's constructors become an outbox and its delivery."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any, TypeVar

import httpx
import literalai
from literalai.client import BaseLiteralClient

from monitor.literal.api import Api, AsyncApi
from monitor.literal.recorder import Recorder
from monitor.literal.recording import RecordingClient
from monitor.pipeline import Pipeline
from settings import MonitorSettings, Section, ServerSettings

S = TypeVar("S", bound=Section)

CLOUD = "https://cloud.getliteral.ai"  # what the SDK falls back to; it was switched off on 2025-10-31


class LiteralClient(RecordingClient, literalai.LiteralClient):
    """Drop-in for `literalai.LiteralClient`: same surface, durable and out of the way."""

    api: Api

    def __init__(  # the SDK's signature
        self,
        batch_size: int = 5,
        api_key: str | None = None,
        url: str | None = None,
        environment: Any = None,
        disabled: bool = False,
        release: str | None = None,
        *,
        settings: MonitorSettings | None = None,
        outbox_dir: Path | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """As the SDK's. Starts nothing; what isn't given comes from the environment, as there.

        Args:
            batch_size: accepted and not used: batches are bounded by DELIVERY_STEPS and DELIVERY_BYTES.
            api_key: the project's key; none: LITERAL_API_KEY.
            url: the Literal API; none: LITERAL_API_URL.
            environment: label of the steps; none: LITERAL_ENV.
            disabled: record nothing.
            release: version of the program, kept in metadata; none: RELEASE.
            settings: bounds and times; none reads them from the environment.
            outbox_dir: where steps wait; none: OUTBOX_DIR, else a folder per project in DATA_DIR.
            transport: how requests travel, for tests and for a review app in this process.

        Raises:
            ValueError: no API key, or masking that can't be had.
        """
        settings = settings or _from_environment(MonitorSettings)
        key, address = _connection(api_key, url, settings)
        environment = environment or settings.literal_env
        # Disabled, the SDK's constructor starts no thread; without an environment it leaves the process's alone.
        BaseLiteralClient.__init__(
            self, batch_size, api_key=key, url=address, disabled=True, release=release or settings.release
        )
        self.api = Api(api_key=key, url=address)  # pyright: ignore[reportIncompatibleVariableOverride]  # narrower
        self.api.configured_environment = environment
        pipeline = None
        if not disabled:
            folder = _folder(outbox_dir, settings, key, address)
            pipeline = Pipeline(settings, folder=folder, url=address, api_key=key, transport=transport)
        self._record_to(Recorder(pipeline, environment, batch_size), disabled=disabled)

    def flush(self, timeout: float | None = None) -> bool:  # pyright: ignore[reportIncompatibleMethodOverride]  # the SDK says nothing
        """Wait until everything is delivered; False when it isn't within `timeout` (DELIVERY_STOP_SECONDS).

        On the thread of a running event loop it does not wait: integrations call it there.
        """
        if self._pipeline is None:
            return True
        if _on_event_loop():
            return False
        return self._pipeline.flush(timeout)


class AsyncLiteralClient(RecordingClient, literalai.AsyncLiteralClient):
    """Drop-in for `literalai.AsyncLiteralClient`: the same outbox and threads, however many requests there are."""

    api: AsyncApi

    def __init__(  # the SDK's signature
        self,
        batch_size: int = 5,
        api_key: str | None = None,
        url: str | None = None,
        environment: Any = None,
        disabled: bool = False,
        release: str | None = None,
        *,
        settings: MonitorSettings | None = None,
        outbox_dir: Path | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """As `LiteralClient`."""
        self._sync = LiteralClient(
            batch_size,
            api_key,
            url,
            environment,
            disabled,
            release,
            settings=settings,
            outbox_dir=outbox_dir,
            transport=transport,
        )
        key, address = self._sync.api.api_key, self._sync.api.url
        BaseLiteralClient.__init__(self, batch_size, is_async=True, api_key=key, url=address, disabled=True)
        self.global_metadata = self._sync.global_metadata
        self.api = AsyncApi(api_key=key, url=address)  # pyright: ignore[reportIncompatibleVariableOverride]  # narrower
        self.api.configured_environment = self._sync.api.configured_environment
        self._record_to(self._sync.recorder, disabled=disabled)

    def to_sync(self) -> LiteralClient:
        """The synchronous client on the same outbox; always the same one."""
        return self._sync

    async def flush(  # pyright: ignore[reportIncompatibleMethodOverride]  # the SDK says nothing
        self,
        timeout: float | None = None,  # noqa: ASYNC109  # its answer is False, not an error
    ) -> bool:
        """Wait until everything is delivered; False when it isn't within `timeout` (DELIVERY_STOP_SECONDS)."""
        return True if self._pipeline is None else await asyncio.to_thread(self._pipeline.flush, timeout)


def _connection(api_key: str | None, url: str | None, settings: MonitorSettings) -> tuple[str, str]:
    """Key and address: the arguments, else the settings, else what the SDK would take.

    Raises:
        ValueError: there is no key.
    """
    key = api_key or (settings.literal_api_key.get_secret_value() if settings.literal_api_key else "")
    if not key:
        raise ValueError("LITERAL_API_KEY not provided")
    return key, (url or settings.literal_api_url or CLOUD).rstrip("/")


def _folder(outbox_dir: Path | None, settings: MonitorSettings, key: str, url: str) -> Path:
    """A folder of its own for every project, so that no client delivers with another one's key."""
    project = hashlib.sha256(f"{url} {key}".encode()).hexdigest()[:8]
    return outbox_dir or settings.outbox_dir or _from_environment(ServerSettings).data_dir / f"outbox-{project}"


def _from_environment(section: type[S]) -> S:
    return section()  # the type checker does not see that every field has a default or a variable


def _on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True

"""The environment that steps are labelled with: of the task, where the SDK has one for the whole process."""

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

from literalai.environment import EnvContextManager

from monitor.decorating import Call, decorated

if TYPE_CHECKING:
    from monitor.literal.recording import RecordingClient

current_environment: ContextVar[str | None] = ContextVar("literal_environment", default=None)


class EnvironmentContext(EnvContextManager):
    """The SDK's `with client.environment(...)`, for this task only."""

    def __init__(self, client: "RecordingClient", env: str = "prod") -> None:
        """`env` labels the steps that are made inside."""
        self.client = client
        self.env = cast("Any", env)
        self._before: list[str | None] = []

    def __call__(self, func: Call) -> Call:  # pyright: ignore[reportIncompatibleMethodOverride]  # the SDK's is untyped
        """Decorate a function."""
        client = self.client
        return decorated(func, lambda: EnvironmentContext(client, self.env))

    def __enter__(self) -> None:
        self._before.append(current_environment.get())
        current_environment.set(self.env)

    def __exit__(self, *exc: object) -> None:
        current_environment.set(self._before.pop())

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, *exc: object) -> None:
        self.__exit__(*exc)

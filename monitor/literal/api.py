"""`client.api`: calls that read and write at once, bounded in time."""

from typing import Any, cast

import literalai.api

from monitor.literal.environment import current_environment

API_SECONDS = 10


class _Bounded:
    """What both of the SDK's API clients lack: a time limit for every call, and an environment per task."""

    configured_environment: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The SDK's headers, but for the environment, which it takes from the process."""
        headers = {key: value for key, value in cast("Any", super()).headers.items() if key != "x-env"}
        environment = current_environment.get() or self.configured_environment
        return {**headers, "x-env": environment} if environment else headers


class Api(_Bounded, literalai.api.LiteralAPI):
    """`client.api`: calls that read and write at once, in the caller's thread."""

    def gql_helper(
        self, query: Any, description: Any, variables: Any, process_response: Any, timeout: Any = None
    ) -> Any:
        """One GraphQL call; 10 s where the SDK would wait for ever."""
        return super().gql_helper(query, description, variables, process_response, timeout or API_SECONDS)


class AsyncApi(_Bounded, literalai.api.AsyncLiteralAPI):
    """The same for `AsyncLiteralClient`."""

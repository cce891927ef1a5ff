"""What every front needs of the running server."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from agent.turn import Answer


@dataclass(frozen=True)
class Fronts:
    """Handed to the routes by the server's lifespan.

    Attributes:
        answer: Answers a turn, event by event.
        review_url: A thread's page, or the list of threads, as the caller of a request can reach it.
        model: The model that is asked.
        offline_demo: Whether that is the built-in demo model.
        tools: What the model may call.
        not_ready: Why no requests should be sent here, or None.
        metrics: The server's figures in the text format of Prometheus.
    """

    answer: Answer
    review_url: Callable[[Request, str | None], str]
    model: str
    offline_demo: bool
    tools: list[str]
    not_ready: Callable[[], str | None]
    metrics: Callable[[], bytes]


def fronts_of(request: Request) -> Fronts:
    """The running server's, for `Depends`."""
    fronts: Fronts = request.app.state.fronts
    return fronts

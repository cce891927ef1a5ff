"""Which project a request may touch: its API key says so."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import SystemRandom
from typing import TypeAlias

from graphql import GraphQLResolveInfo
from starlette.requests import Request

from review.context import public_url, review_of
from review.errors import Forbidden, Unauthorized
from review.files import Files
from review.store import Store


@dataclass(frozen=True)
class Caller:
    """Who asks, for which project, and what their request's headers say about everything it writes.

    Attributes:
        store: The two doors to the database.
        project_id: The project the key opens; every statement is bound to it.
        files: The uploaded files.
        public_url: Where the caller reaches the app, for links that are answered.
        environment: `x-env`, with which the steps of this request are labelled.
        client_name: `x-client-name`, because some clients can't read what others wrote.
        body_bytes: How much was sent, by which the store bounds what waits to be written.
        now: The instant the request was taken; everything it writes is stamped with it.
        chance: A random number from 0 up to 1, by which a version of a prompt is chosen.
    """

    store: Store
    project_id: str
    files: Files
    public_url: str
    environment: str | None = None
    client_name: str | None = None
    body_bytes: int = 0
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    chance: Callable[[], float] = SystemRandom().random

    def must_be_in(self, project_id: str | None) -> None:
        """Refuses a request that names another project than its key's (literal-api.md §1.2)."""
        if project_id and project_id != self.project_id:
            raise Forbidden("projectId: the API key belongs to another project")


Info: TypeAlias = GraphQLResolveInfo[Caller]
"""What a resolver is told about the query; its `context` is the caller."""


async def caller_of(request: Request) -> Caller:
    """The caller, known by `x-api-key`.

    Raises:
        Unauthorized: no key, an unknown one or a revoked one; the answer is the same for all three.
    """
    review = review_of(request)
    key = request.headers.get("x-api-key", "")
    project = await review.keys.project(key) if key else None
    if project is None:
        raise Unauthorized("The API key is missing or wrong: send a project's key in the x-api-key header")
    return Caller(
        store=review.store,
        project_id=project.id,
        files=review.files,
        public_url=public_url(request),
        environment=request.headers.get("x-env") or None,
        client_name=request.headers.get("x-client-name"),
        body_bytes=_content_length(request),
    )


def _content_length(request: Request) -> int:
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isdecimal() else 0

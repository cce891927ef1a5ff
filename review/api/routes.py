"""The API's routes. The app's lifespan puts what `make_endpoint` makes into `app.state.graphql`."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from review.api.dataset_export import export_dataset
from review.api.download import download
from review.api.endpoint import GraphQLEndpoint
from review.api.executable import executable_schema
from review.api.rest import my_project
from review.api.thread_export import export_threads
from review.api.upload import sign_upload, take_upload
from review.files.links import DOWNLOAD_PATH, UPLOAD_PATH

_SLASHES: Final = ("", "/")
"""Clients that keep the slash at the end of their base URL ask for `//api/…` (literal-api.md §1.1)."""


def routes() -> list[BaseRoute]:
    """All routes of the API."""
    return [
        route
        for slash in _SLASHES
        for route in (
            Route(f"{slash}/api/graphql", _answer_graphql, methods=["GET", "POST"]),
            Route(f"{slash}/api/my-project", my_project, methods=["POST"]),
            Route(f"{slash}/api/export/dataset", export_dataset, methods=["POST"]),
            Route(f"{slash}/api/export/threads", export_threads, methods=["POST"]),
            Route(f"{slash}/api/upload/file", sign_upload, methods=["POST"]),
            Route(f"{slash}{UPLOAD_PATH}", take_upload, methods=["POST", "PUT"]),
            Route(f"{slash}{DOWNLOAD_PATH}{{key:path}}", download, methods=["GET"]),
        )
    ]


def make_endpoint() -> GraphQLEndpoint:
    """What answers GraphQL; reads the schema's files, so not to be called on an event loop."""
    return GraphQLEndpoint(executable_schema())


async def _answer_graphql(request: Request) -> Response:
    endpoint: GraphQLEndpoint = request.app.state.graphql
    return await endpoint(request)

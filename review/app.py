"""The review app: routes, middleware, lifespan. Mounted by server.py, or served alone by `python -m review serve`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route

from review.access_log import hide_tokens
from review.api import routes as api
from review.auth import SignIn
from review.context import Review
from review.dashboard import routes as dashboard
from review.dashboard.error_pages import http_error
from review.errors import ReviewError
from review.files import Files
from review.files.links import UPLOAD_PATH, Links
from review.files.store import open_file_store
from review.health import livez, readyz
from review.known_keys import KnownKeys
from review.middleware import BodyLimit, RequestId
from review.problems import fault, review_error
from review.projects import ensure_first_project
from review.secrets import load_secrets
from review.store import Store
from settings import ReviewSettings


def create_app(settings: ReviewSettings, *, data_dir: Path, api_key: str | None = None) -> Starlette:
    """The ASGI app; nothing is read or written before its lifespan starts.

    Args:
        settings: Its section of the settings.
        data_dir: Where secrets are kept and, unless the settings name another, the database.
        api_key: The first project's key; without one it is made and kept in `data_dir`.
    """
    url = database_url(settings, data_dir)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        hide_tokens()
        secrets = await asyncio.to_thread(load_secrets, settings, data_dir, api_key)
        app.state.graphql = await asyncio.to_thread(api.make_endpoint)
        file_store = await asyncio.to_thread(open_file_store, settings, data_dir)
        store = await Store.open(url)
        try:
            project = await store.write(ensure_first_project, secrets.api_key, now=datetime.now(UTC))
            password = settings.admin_password.get_secret_value() if settings.admin_password else None
            sign_in = SignIn(token=secrets.admin_token, password=password, session_secret=secrets.session_secret)
            links = Links(secrets.session_secret, seconds=settings.file_url_seconds)
            files = Files(file_store, links, settings.max_file_bytes)
            app.state.review = Review(store, KnownKeys(store), project, settings, data_dir, sign_in, files)
            yield
        finally:
            await store.close()

    return Starlette(
        routes=[*api.routes(), Route("/livez", livez), Route("/readyz", readyz), *dashboard.routes()],
        middleware=[
            Middleware(RequestId),
            Middleware(BodyLimit, max_bytes=settings.max_ingest_bytes, other={UPLOAD_PATH: settings.max_file_bytes}),
        ],
        exception_handlers={ReviewError: review_error, HTTPException: http_error, Exception: fault},
        lifespan=lifespan,
    )


def database_url(settings: ReviewSettings, data_dir: Path) -> str:
    """Where the store is: the URL that was set, or a SQLite file in the data folder."""
    return settings.database_url or f"sqlite:///{(data_dir / 'review.db').absolute()}"

"""The app as a whole: what every route has in common, and what its lifespan sets up and takes down."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from review.app import create_app
from review.context import Review
from review.errors import Refused
from settings import ReviewSettings


@asynccontextmanager
async def running(app: Starlette, *, base_url: str = "http://review.test") -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=base_url) as client:
        yield client


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_nothing_is_read_or_written_before_the_lifespan(tmp_path: Path) -> None:
    create_app(ReviewSettings(), data_dir=tmp_path / "data")
    assert not (tmp_path / "data").exists()


async def test_the_first_start_makes_what_is_missing_and_the_second_keeps_it(tmp_path: Path) -> None:
    for _ in range(2):
        async with running(create_app(ReviewSettings(), data_dir=tmp_path)) as client:
            key = (tmp_path / "api-key").read_text().strip()
            answer = await client.post("/api/my-project", headers={"x-api-key": key}, json={})
            assert answer.json() == {"projectId": "default"}
    assert {"admin-token", "api-key", "review.db", "session-secret"} <= names_in(tmp_path)


async def test_workers_that_start_at_once_share_one_project_and_key(tmp_path: Path) -> None:
    async def start() -> Review:
        app = create_app(ReviewSettings(), data_dir=tmp_path)
        async with app.router.lifespan_context(app):
            review: Review = app.state.review
            return review

    reviews = await asyncio.gather(*(start() for _ in range(3)))
    assert len({review.project for review in reviews}) == 1
    assert len({review.sign_in.token for review in reviews}) == 1


async def test_a_given_key_opens_the_first_project_and_is_not_written(tmp_path: Path) -> None:
    async with running(create_app(ReviewSettings(), data_dir=tmp_path, api_key="given")) as client:
        answer = await client.post("/api/my-project", headers={"x-api-key": "given"}, json={})
    assert answer.json() == {"projectId": "default"}
    assert not (tmp_path / "api-key").exists()


async def test_a_database_that_is_none_stops_the_start(tmp_path: Path) -> None:
    app = create_app(ReviewSettings(database_url="mysql://somewhere/else"), data_dir=tmp_path)
    with pytest.raises(Refused, match="No store for mysql"):
        async with app.router.lifespan_context(app):
            pass


async def test_it_is_alive_and_ready(tmp_path: Path) -> None:
    async with running(create_app(ReviewSettings(), data_dir=tmp_path)) as client:
        assert (await client.get("/livez")).json() == {"status": "alive"}
        assert (await client.get("/readyz")).json() == {"status": "ready"}


async def test_it_works_below_a_mount(tmp_path: Path) -> None:
    app = create_app(ReviewSettings(), data_dir=tmp_path, api_key="given")
    outer = Starlette(routes=[Mount("/review", app)])
    transport = httpx.ASGITransport(outer)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://agent.test/review") as client,
    ):
        answer = await client.post("/api/my-project", headers={"x-api-key": "given"}, json={})
        assert answer.json() == {"projectId": "default"}
        assert (await client.get("/livez")).status_code == 200


async def test_the_caller_s_request_id_comes_back_and_a_strange_one_does_not(tmp_path: Path) -> None:
    async with running(create_app(ReviewSettings(), data_dir=tmp_path)) as client:
        assert (await client.get("/livez", headers={"x-request-id": "abc-1"})).headers["x-request-id"] == "abc-1"
        assert len((await client.get("/livez", headers={"x-request-id": "a b"})).headers["x-request-id"]) == 32
        assert len((await client.get("/livez")).headers["x-request-id"]) == 32


async def test_an_unknown_address_is_a_problem_in_json(tmp_path: Path) -> None:
    async with running(create_app(ReviewSettings(), data_dir=tmp_path)) as client:
        answer = await client.post("/api/nonsense", json={})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "Not Found",
        "instance": "/api/nonsense",
        "code": "not_found",
    }


async def test_a_fault_of_ours_is_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(ReviewSettings(), data_dir=tmp_path, api_key="given")
    async with running(app) as client:
        review: Review = app.state.review

        async def broken(*_: object, **__: object) -> None:
            raise ZeroDivisionError("password=hunter2")

        monkeypatch.setattr(review.store, "read", broken)
        graphql = await client.post("/api/graphql", headers={"x-api-key": "given"}, json={"query": "{step}"})
        rest = await client.post("/api/my-project", headers={"x-api-key": "given"}, json={})
    for answer in (graphql, rest):
        assert answer.status_code == 500
        assert "hunter2" not in answer.text
        assert "log says why" in answer.text
    assert graphql.json()["errors"]
    assert rest.json()["code"] == "internal"

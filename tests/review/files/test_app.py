"""The whole way of a file through the app as it is mounted, with each kind of file store."""

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from review.app import create_app
from settings import ReviewSettings


async def test_a_file_goes_up_and_comes_down_below_a_mount(file_settings, tmp_path):
    app = create_app(ReviewSettings(**file_settings), data_dir=tmp_path, api_key="given")
    transport = httpx.ASGITransport(Starlette(routes=[Mount("/review", app)]))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://agent.test/review") as client,
    ):
        headers = {"x-api-key": "given"}
        signed = await client.post(
            "/api/upload/file", headers=headers, json={"fileName": "f", "contentType": "audio/mpeg"}
        )
        url, key = signed.json()["post"]["url"], signed.json()["post"]["fields"]["key"]
        assert url.startswith("http://agent.test/review/api/upload/content?")
        assert (await client.post(url, data={"key": key}, files={"file": ("f", b"0123456789")})).status_code == 204

        create = """mutation($key: String) {
            createAttachment(stepId: "s", name: "a.mp3", mime: "audio/mpeg", objectKey: $key) { id url }
        }"""
        made = await client.post("/api/graphql", headers=headers, json={"query": create, "variables": {"key": key}})
        attachment = made.json()["data"]["createAttachment"]
        assert attachment["url"].startswith(f"http://agent.test/review/files/{key}?")
        assert (await client.get(attachment["url"])).content == b"0123456789"
        part = await client.get(attachment["url"], headers={"range": "bytes=-4"})
        assert (part.status_code, part.content) == (206, b"6789")

        delete = {
            "query": "mutation($id: String!) { deleteAttachment(id: $id) { id } }",
            "variables": {"id": attachment["id"]},
        }
        assert (await client.post("/api/graphql", headers=headers, json=delete)).status_code == 200
        assert (await client.get(attachment["url"])).status_code == 404

"""Uploads: an address is signed for whoever has a key, and whoever has the address may send a file there."""

from collections.abc import AsyncIterator
from typing import Final

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from review.api.access import caller_of
from review.context import review_of
from review.errors import Refused, TooLarge
from review.files.keys import new_key
from review.ingest.coerce import text
from review.wire import JsonResponse, read_object

_CHUNK: Final = 256 * 1024


async def sign_upload(request: Request) -> Response:
    """`POST /api/upload/file`: where to send a file, and the link that will open it (literal-api.md §4.8)."""
    caller = await caller_of(request)
    asked = await read_object(request)
    key, mime = new_key(caller.project_id, now=caller.now), text(asked.get("contentType"))
    links = caller.files.links
    return JsonResponse(
        {
            "post": {
                "url": caller.public_url + links.upload(key),
                "fields": {"key": key} | ({"Content-Type": mime} if mime else {}),
                "headers": {},
                "uploadType": "multipart",
            },
            "signedUrl": caller.public_url + links.download(key, name=None, mime=mime),
        }
    )


async def take_upload(request: Request) -> Response:
    """`POST` or `PUT` of a file to a signed address: a form whose part `file` it is or, by PUT, the bytes as they are.

    What a PUT calls itself is not believed: the TypeScript SDK labels bare bytes as a form (§4.8).
    """
    files = review_of(request).files
    key = files.links.key_of_upload(request.query_params.get("policy", ""))
    if request.method == "PUT":
        await files.store.save(key, _within(files.max_bytes, request.stream()))
        return Response(status_code=204)
    async with request.form(max_files=1) as form:
        match form.get("file"):
            case UploadFile() as file:
                await files.store.save(key, _within(files.max_bytes, _chunks(file)))
            case str() as content:
                await files.store.save(key, _within(files.max_bytes, _whole(content.encode())))
            case None:
                raise Refused("file: the form must have a part of this name")
    return Response(status_code=204)


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(_CHUNK):
        yield chunk


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _within(limit: int, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if received > limit:
            raise TooLarge(f"file: it is over the limit of {limit} bytes")
        yield chunk

"""`GET /files/…`: an uploaded file, for whoever has a link that was signed and has not expired."""

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from review.context import review_of
from review.errors import NotFound
from review.files.serving import part_asked_for, safe_headers


async def download(request: Request) -> Response:
    """The file or, as players ask for when somebody jumps ahead, a part of it."""
    files, key, asked = review_of(request).files, request.path_params["key"], request.query_params
    files.links.check_download(key, asked)
    size = await files.store.size(key)
    if size is None:
        raise NotFound("The file has not been uploaded, or was deleted")
    headers = safe_headers(asked.get("name"), asked.get("type"))
    part = part_asked_for(request.headers, size)
    if part is None:
        headers["Content-Length"] = str(size)
        return StreamingResponse(files.store.read(key, 0, size), headers=headers)
    start, end = part
    if start >= end:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    headers |= {"Content-Length": str(end - start), "Content-Range": f"bytes {start}-{end - 1}/{size}"}
    return StreamingResponse(files.store.read(key, start, end), status_code=206, headers=headers)

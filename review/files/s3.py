"""Files in a bucket of any store that speaks S3. The only module that knows obstore, which is installed when wanted.

Bytes pass through this app in both directions instead of going to the bucket by its own signed addresses: the bucket
may stay private, the size limit holds, and a file is always served with our headers, never with those of its sender.
"""

from collections.abc import AsyncIterable, AsyncIterator
from typing import TYPE_CHECKING, Final

import obstore
from obstore.store import S3Store

from settings import ReviewSettings

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

_CHUNK: Final = 256 * 1024
_PART: Final = 5 * 1024 * 1024  # the smallest part S3 takes; a file of less is sent in one request
_PARTS_AT_ONCE: Final = 2


class Bucket:
    """An object a key, below a prefix of the bucket."""

    def __init__(self, bucket: str, prefix: str, settings: ReviewSettings) -> None:
        config: S3Config = {}
        if settings.aws_endpoint_url:
            config["endpoint"] = settings.aws_endpoint_url
        if settings.aws_region:
            config["region"] = settings.aws_region
        if settings.aws_access_key_id:
            config["access_key_id"] = settings.aws_access_key_id
        if settings.aws_secret_access_key:
            config["secret_access_key"] = settings.aws_secret_access_key.get_secret_value()
        is_plain = (settings.aws_endpoint_url or "").startswith("http://")
        options: ClientConfig = {"allow_http": True} if is_plain else {}
        self._store = S3Store(bucket, prefix=prefix or None, config=config, client_options=options)

    async def save(self, key: str, chunks: AsyncIterable[bytes]) -> None:
        """Sends a file in parts; the store shows it when the last one has arrived."""
        await obstore.put_async(self._store, key, chunks, chunk_size=_PART, max_concurrency=_PARTS_AT_ONCE)

    async def size(self, key: str) -> int | None:
        """How many bytes a file has; None when there is none."""
        try:
            return (await obstore.head_async(self._store, key))["size"]
        except FileNotFoundError:
            return None

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """A part of a file, in pieces."""
        if start == end:  # S3 knows no empty range
            return
        found = await obstore.get_async(self._store, key, options={"range": (start, end)})
        async for chunk in found.stream(min_chunk_size=_CHUNK):
            yield bytes(chunk)

    async def delete(self, key: str) -> None:
        """Deletes a file, if it is there."""
        await obstore.delete_async(self._store, key)

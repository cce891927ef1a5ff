"""Links that open one file for a while, to whoever has them: signed, so that nobody can make or change one."""

import hashlib
from collections.abc import Callable, Mapping
from time import time
from typing import Final
from urllib.parse import urlencode

from itsdangerous import BadSignature, Signer, URLSafeTimedSerializer

from review.errors import Forbidden

DOWNLOAD_PATH: Final = "/files/"
UPLOAD_PATH: Final = "/api/upload/content"
UPLOAD_SECONDS: Final = 900

_REFUSED: Final = "The link is not valid any more: it has expired, or somebody has changed it"


class Links:
    """Makes links and checks them. All start at the app's root; every worker with the same secret knows them.

    Args:
        secret: What they are signed with.
        seconds: How long a download can be opened.
        clock: Seconds since 1970.
    """

    def __init__(self, secret: str, *, seconds: float, clock: Callable[[], float] = time) -> None:
        self._downloads = Signer(secret, salt="review file", digest_method=hashlib.sha256)
        self._uploads = URLSafeTimedSerializer(
            secret, salt="review upload", signer_kwargs={"digest_method": hashlib.sha256}
        )
        self._seconds = seconds
        self._clock = clock

    def download(self, key: str, *, name: str | None, mime: str | None) -> str:
        """Opens a file; all before the `?` is the same each time (literal-api.md §4.7).

        The name and the type it is shown with are part of what is signed, so no row has to be read to serve it.
        """
        told = {"name": name, "type": mime, "expires": str(int(self._clock() + self._seconds))}
        query = {part: value for part, value in told.items() if value}
        signature = self._downloads.get_signature(_message(key, query)).decode()
        return f"{DOWNLOAD_PATH}{key}?{urlencode({**query, 'signature': signature})}"

    def check_download(self, key: str, query: Mapping[str, str]) -> None:
        """Refuses a link that is not ours or not good any more.

        Raises:
            Forbidden: it is either.
        """
        signed = {part: value for part, value in query.items() if part != "signature"}
        if not self._downloads.verify_signature(_message(key, signed), query.get("signature", "")):
            raise Forbidden(_REFUSED)
        if float(signed["expires"]) < self._clock():
            raise Forbidden(_REFUSED)

    def upload(self, key: str) -> str:
        """Takes a file's bytes, for 15 minutes."""
        return f"{UPLOAD_PATH}?{urlencode({'policy': self._uploads.dumps(key)})}"

    def key_of_upload(self, policy: str) -> str:
        """The key an upload was allowed for.

        Raises:
            Forbidden: it was not, or it is too late.
        """
        try:
            key: str = self._uploads.loads(policy, max_age=UPLOAD_SECONDS)
        except BadSignature:
            raise Forbidden(_REFUSED) from None
        return key


def _message(key: str, query: Mapping[str, str]) -> bytes:
    return f"{key}?{urlencode(sorted(query.items()), errors='replace')}".encode()

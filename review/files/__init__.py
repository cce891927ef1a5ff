"""Uploaded files: where their bytes are kept, the links that open them, and the headers that make showing them safe."""

import logging
from collections.abc import Collection
from dataclasses import dataclass

from review.files.keys import is_key_of
from review.files.links import Links
from review.files.store import FileStore
from review.records import Attachment

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Files:
    """The uploaded files of all projects.

    Attributes:
        store: Keeps the bytes.
        links: Makes and checks what opens them.
        max_bytes: How large a file may be.
    """

    store: FileStore
    links: Links
    max_bytes: int

    def link(self, project_id: str, attachment: Attachment) -> str | None:
        """A fresh link to an attachment's file, from the app's root; None when the file is not one of ours.

        The key is what counts, and only one of the project's own: a client may give any.
        """
        key = attachment.object_key
        if key is None or not is_key_of(project_id, key):
            return None
        return self.links.download(key, name=attachment.name, mime=attachment.mime)

    async def delete(self, project_id: str, keys: Collection[str]) -> None:
        """Deletes files whose rows are gone. One that can't be deleted is logged: it can't bring the rows back."""
        for key in keys:
            if is_key_of(project_id, key):
                try:
                    await self.store.delete(key)
                except Exception:
                    logger.exception("the file %s could not be deleted", key)

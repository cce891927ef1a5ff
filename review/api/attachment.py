"""Resolvers of attachments: files and links that belong to steps."""

from collections.abc import Mapping
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from review.api.access import Info
from review.ingest.literal import attachment_update, required_id
from review.records import Attachment
from review.store import attachments, deletions

query = QueryType()
mutation = MutationType()
attachment_type = ObjectType("Attachment")

_COLUMN_OF: Final = {"name": "name", "mime": "mime", "url": "url", "objectKey": "object_key", "metadata": "metadata"}


@query.field("attachment")
async def resolve_attachment(_: object, info: Info, **arguments: Any) -> Attachment | None:
    """One attachment, or null."""
    caller = info.context
    return await caller.store.read(attachments.attachment, caller.project_id, arguments["id"])


@mutation.field("createAttachment")
async def resolve_create_attachment(_: object, info: Info, **arguments: Any) -> Attachment:
    """A new attachment of a step, which need not have arrived."""
    caller = info.context
    step_id = required_id(arguments["stepId"])
    return await caller.store.write(
        attachments.create_attachment, caller.project_id, step_id, attachment_update(arguments), now=caller.now
    )


@mutation.field("updateAttachment")
async def resolve_update_attachment(_: object, info: Info, **arguments: Any) -> Attachment:
    """Changes what is given; null clears (literal-api.md §3.2)."""
    caller = info.context
    update = attachment_update(arguments)
    given = {column: getattr(update, column) for argument, column in _COLUMN_OF.items() if argument in arguments}
    return await caller.store.write(attachments.update_attachment, caller.project_id, arguments["id"], **given)


@mutation.field("deleteAttachment")
async def resolve_delete_attachment(_: object, info: Info, **arguments: Any) -> Mapping[str, str]:
    """Deletes an attachment; the same answer when it never arrived, as Chainlit may ask (literal-api.md §5)."""
    caller = info.context
    files = await caller.store.write(deletions.delete_attachment, caller.project_id, arguments["id"])
    await caller.files.delete(caller.project_id, files)
    return {"id": required_id(arguments["id"])}


@attachment_type.field("url")
def resolve_url(attachment: Attachment, info: Info) -> str | None:
    """A link to the file that was signed just now; the address of what lies elsewhere, as it was given."""
    caller = info.context
    link = caller.files.link(caller.project_id, attachment)
    return caller.public_url + link if link else attachment.url


bindables = (query, mutation, attachment_type)

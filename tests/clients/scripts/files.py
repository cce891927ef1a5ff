"""Files of a step: sent with their content, found by their id, opened by their link, renamed and deleted."""

import json
import sys
import urllib.request

from literalai import LiteralClient

literal = LiteralClient()
api = literal.api

with literal.thread(thread_id="with files"):
    step = literal.start_step(name="reader", type="tool")
    step.end()
literal.flush_and_stop()

content = b"\x00\xff a sheet of paper"
made = api.create_attachment(
    thread_id="with files",
    step_id=step.id,
    name="paper.bin",
    mime="application/octet-stream",
    content=content,
    metadata={"page": 1},
)
linked = api.create_attachment(
    thread_id="with files", step_id=step.id, name="elsewhere", url="https://elsewhere.test/a.png", mime="image/png"
)
api.update_attachment(id=made.id, update_params={"name": "renamed.bin"})
found = api.get_attachment(made.id)
with urllib.request.urlopen(found.url) as answer:
    opened = answer.read()
api.delete_attachment(linked.id)
[read] = api.get_thread("with files").steps
saw = {
    "made": [made.name, made.mime, made.metadata, made.thread_id, made.step_id == step.id, bool(made.object_key)],
    "linked": linked.url,
    "opened": opened == content,
    "found": [found.name, found.metadata, found.object_key == made.object_key],
    "of the step": [attachment.name for attachment in read.attachments],
    "deleted": api.get_attachment(linked.id),
}
json.dump(saw, sys.stdout)

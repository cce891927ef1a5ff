"""A prompt in two versions: saved, saved again, fetched by name, version and id, and filled in."""

import json
import sys

from literalai import LiteralClient

api = LiteralClient().api

template = [{"role": "system", "content": "Speak of {{topic}}"}]
settings = {"provider": "openai", "model": "gpt", "temperature": 0.5}
first = api.get_or_create_prompt(name="greeting", template_messages=template, settings=settings)
again = api.get_or_create_prompt(name="greeting", template_messages=template, settings=settings)
second = api.get_or_create_prompt(
    name="greeting", template_messages=[{"role": "system", "content": "Shout of {{topic}}"}], settings=settings
)
by_version = api.get_prompt(name="greeting", version=1)
by_id = api.get_prompt(id=first.id)
[message] = getattr(by_id, "format_messages", by_id.format)(topic="fog")
saw = {
    "versions": [first.version, again.version, second.version, first.id == again.id],
    "by version": by_version.id == second.id,
    "by id": [by_id.name, by_id.version, by_id.provider, by_id.settings["model"]],
    "filled in": [message["role"], message["content"]],
}
json.dump(saw, sys.stdout)

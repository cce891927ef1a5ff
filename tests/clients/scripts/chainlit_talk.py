"""What a Chainlit app does through its Literal data layer: log in, talk, judge, find, resume, rename."""

import asyncio
import json
import sys
import urllib.request

import chainlit as cl
from chainlit.context import init_http_context
from chainlit.data import get_data_layer
from chainlit.types import Feedback, Pagination, ThreadFilter

THREAD = sys.argv[1]


async def settled():
    """Chainlit persists in tasks that it doesn't wait for."""
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))


def read_text(url):
    with urllib.request.urlopen(url) as file:
        return file.read().decode()


async def talk():
    sheet = cl.File(name="sheet.txt", content=b"forty-two", mime="text/plain", display="inline")
    question = cl.Message("what is on the sheet?", type="user_message", author="ada", elements=[sheet])
    await question.send()
    async with cl.Step(name="agent", type="run"):
        async with cl.Step(name="read_sheet", type="tool") as step:
            step.input = {"file": "sheet.txt"}
            step.output = "42"
        async with cl.Step(name="tear_sheet", type="tool") as step:
            step.is_error = True
            step.output = "too thick"
        answer = cl.Message("It says", author="bot")
        await answer.send()
        await settled()  # as a model's answer takes its time: the two would race each other
        answer.content = "It says forty-two"
        await answer.update()
    await settled()
    return answer


async def main():
    layer = get_data_layer()
    await layer.create_user(cl.User(identifier="ada", metadata={"provider": "credentials"}))
    ada = await layer.create_user(cl.User(identifier="ada", metadata={"provider": "credentials", "seen": 2}))
    init_http_context(thread_id=THREAD, user=ada)
    answer = await talk()
    await layer.update_thread(THREAD, name="The sheet", user_id=ada.id, metadata={"mood": "fine"}, tags=["paper"])

    thumb = await layer.upsert_feedback(Feedback(forId=answer.id, value=0, comment="hm"))
    await layer.upsert_feedback(Feedback(id=thumb, forId=answer.id, value=1, comment="thanks"))

    async def found(**filters):
        page = await layer.list_threads(Pagination(first=10), ThreadFilter(userId=ada.id, **filters))
        return [thread["name"] for thread in page.data]

    resumed = await layer.get_thread(THREAD)
    judged = next(step for step in resumed["steps"] if step["id"] == answer.id)
    [element] = resumed["elements"]
    opened = await asyncio.to_thread(read_text, element["url"])
    known = await layer.get_user("ada")
    saw = {
        "layer": type(layer).__name__,
        "user": [known.identifier, known.metadata, known.id == ada.id],
        "author": await layer.get_thread_author(THREAD),
        "resumed": [resumed["name"], resumed["tags"], resumed["metadata"], resumed["userId"] == ada.id],
        "outputs": [[step["type"], step["output"], step["isError"]] for step in resumed["steps"]],
        "feedback": {key: judged["feedback"][key] for key in ("value", "comment")},
        "element": [element[key] for key in ("name", "mime", "type", "display", "threadId")] + [opened],
        "found": [await found(), await found(search="FORTY", feedback=1)],
        "not found": [await found(search="sunny"), await found(feedback=0)],
        "debug url": (await layer.build_debug_url()).partition("/projects/")[2].partition("/")[2],
    }
    await layer.close()
    return saw


json.dump(asyncio.run(main()), sys.stdout)

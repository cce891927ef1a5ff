"""What a Chainlit app does when its user takes back a thumb, a file, a message and at last the whole thread."""

import asyncio
import json
import sys

from chainlit.context import init_http_context
from chainlit.data import get_data_layer

THREAD = sys.argv[1]


async def main():
    layer = get_data_layer()
    init_http_context(thread_id=THREAD)
    before = await layer.get_thread(THREAD)
    [thumb] = [step["feedback"] for step in before["steps"] if step.get("feedback")]
    [element] = before["elements"]
    await layer.delete_feedback(thumb["id"])
    await layer.delete_element(element["id"])
    await layer.delete_element("never sent")
    await layer.delete_step(before["steps"][0]["id"])
    await layer.delete_step("never sent")
    after = await layer.get_thread(THREAD)
    await layer.delete_thread(THREAD)
    saw = {
        "steps gone": len(before["steps"]) - len(after["steps"]),
        "feedback": [step["feedback"] for step in after["steps"] if step.get("feedback")],
        "elements": after["elements"],
        "element": await layer.get_element(THREAD, element["id"]),
        "thread": await layer.get_thread(THREAD),
    }
    await layer.close()
    return saw


json.dump(asyncio.run(main()), sys.stdout)

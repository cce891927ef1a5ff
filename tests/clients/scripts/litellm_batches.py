"""LiteLLM with its Literal AI callback: so many calls of a model, by `completion` or by `acompletion`."""

import asyncio
import contextlib
import json
import logging
import sys

import litellm
from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER
from litellm.litellm_core_utils.thread_pool_executor import executor

said = []
handler = logging.Handler(logging.ERROR)
handler.emit = lambda record: said.append(record.getMessage())
logging.getLogger("LiteLLM").addHandler(handler)

litellm.success_callback = ["literalai"]
litellm.failure_callback = ["literalai"]


def call(number):
    return {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": f"question {number}"}],
        "temperature": 0.5,
        "metadata": {"literalai_thread_id": "proxy", "step_id": f"call {number}", "literalai_tags": ["proxy"]},
        "mock_response": "litellm.RateLimitError" if number == 3 else f"answer {number}",
    }


def one_after_another(calls):
    for number in range(calls):
        with contextlib.suppress(litellm.RateLimitError):
            litellm.completion(**call(number))
    executor.shutdown(wait=True)


async def all_at_once(calls):
    await asyncio.gather(*(litellm.acompletion(**call(number)) for number in range(calls)), return_exceptions=True)
    await GLOBAL_LOGGING_WORKER.flush()


way, calls = sys.argv[1], int(sys.argv[2])
if way == "sync":
    one_after_another(calls)
else:
    asyncio.run(all_at_once(calls))
json.dump({"errors": said}, sys.stdout)

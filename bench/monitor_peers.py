"""The two ends a benchmarked service talks to: a model provider, and a Literal API that can be made to fail.

python -m bench.monitor_peers provider PORT
python -m bench.monitor_peers sink PORT CONTROL_PORT
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import uvicorn

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

USAGE = {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150}


def completion(message: dict[str, Any], reason: str) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
    return orjson.dumps(
        {"id": "r", "object": "chat.completion", "created": 1, "model": "bench", "choices": [choice], "usage": USAGE}
    )


def call(number: int, name: str, **arguments: str) -> dict[str, Any]:
    function = {"name": name, "arguments": orjson.dumps(arguments).decode()}
    return {"id": f"call_{number}", "type": "function", "function": function}


CALLS = completion(
    {
        "content": None,
        "tool_calls": [call(1, "calculate", expression="6*7"), call(2, "calculate", expression="1+1")],
    },
    "tool_calls",
)
ANSWER = completion({"content": "It is 42, and 2. " * 10}, "stop")


async def provider(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """A raw ASGI chat completions endpoint: two tool calls, then, given their results, an answer."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    content = ANSWER if b'"tool_call_id"' in body else CALLS
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


class Sink:
    """Counts distinct steps and threads. Modes: ok, 500, hang, slow, closed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mode = "ok"
        self.ids: dict[str, int] = {}
        self.threads: dict[str, set[str]] = {}
        self.server: asyncio.Server | None = None
        self.healed = asyncio.Event()

    async def switch(self, mode: str) -> None:
        self.mode = mode
        if mode == "hang":
            self.healed.clear()
        else:
            self.healed.set()
        if mode == "closed" and self.server:
            self.server.close()
            self.server = None
        elif mode != "closed" and self.server is None:
            self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, limit=2**20)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                status, answer = await self.answer(await reader.readexactly(length))
                writer.write(
                    b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                    % (status, len(answer), answer)
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, body: bytes) -> tuple[int, bytes]:
        match self.mode:
            case "500":
                return 500, b'{"errors":[{"message":"no"}]}'
            case "hang":
                await self.healed.wait()
                return 500, b"{}"
            case "slow":
                await asyncio.sleep(0.5)
            case _:
                pass
        data: dict[str, Any] = {}
        variables = orjson.loads(body)["variables"]
        for name, value in variables.items():
            if name.startswith("id_"):
                data[f"step{name[3:]}"] = {"ok": True}
                self.ids[value] = self.ids.get(value, 0) + 1
                self.threads.setdefault(variables.get(f"threadId_{name[3:]}", ""), set()).add(value)
            elif name.startswith("thread_id_"):
                data[f"thread{name[10:]}"] = {"id": value}
        return 200, orjson.dumps({"data": data or {"upsertThread": {"id": "x"}}})

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One line: a mode to switch to, or what to tell.

        `count` tells how many distinct steps there are, and how many came more than once; `threads` how many distinct
        steps each thread has.
        """
        asked = (await reader.readline()).decode().strip()
        if asked not in {"count", "threads"}:
            await self.switch(asked)
        repeated = sum(times > 1 for times in self.ids.values())
        told: dict[str, Any] = {"steps": len(self.ids), "repeated": repeated}
        if asked == "threads":
            told = {thread_id: len(steps) for thread_id, steps in self.threads.items()}
        writer.write(orjson.dumps(told) + b"\n")
        await writer.drain()
        writer.close()


async def serve_sink(port: int, control_port: int) -> None:
    sink = Sink(port)
    await sink.switch("ok")
    async with await asyncio.start_server(sink.control, "127.0.0.1", control_port) as control:
        await control.serve_forever()


if __name__ == "__main__":
    kind, *ports = sys.argv[1:]
    if kind == "provider":
        uvicorn.run(provider, host="127.0.0.1", port=int(ports[0]), log_level="error", access_log=False, lifespan="off")
    else:
        asyncio.run(serve_sink(*map(int, ports)))

"""Who takes part when loss is measured, each a process of its own: agent servers, and what takes their steps."""

import http.client
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bench.monitor import KEY, control, free_port, process


@dataclass(frozen=True)
class Sink:
    """Takes steps, or fails to, as it is told."""

    port: int
    control_port: int

    def behave(self, mode: str) -> None:
        """ok, closed, hang, 500 or slow, from now on."""
        control(self.control_port, mode)

    def stored(self, _thread_ids: Sequence[str]) -> dict[str, int]:
        """Distinct steps by thread, of all threads."""
        return control(self.control_port, "threads")

    def sent_again(self) -> int:
        """Steps that came more than once."""
        return control(self.control_port, "count")["repeated"]


@dataclass(frozen=True)
class Review:
    """Our own review server, asked over its API."""

    port: int

    def stored(self, thread_ids: Sequence[str]) -> dict[str, int]:
        """Steps by thread."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        document = "query ($id: String!) { threadDetail(id: $id) { steps { id } } }"
        found: dict[str, int] = {}
        for thread_id in thread_ids:
            thread = self._query(connection, document, id=thread_id)["threadDetail"]
            found[thread_id] = len(thread["steps"]) if thread else 0
        connection.close()
        return found

    def total(self) -> int:
        """Steps of all threads."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        counted: int = self._query(connection, "query { steps(first: 1) { totalCount } }")["steps"]["totalCount"]
        connection.close()
        return counted

    def _query(self, connection: http.client.HTTPConnection, document: str, **variables: str) -> dict[str, Any]:
        body = orjson.dumps({"query": document, "variables": variables})
        headers = {"content-type": "application/json", "x-api-key": KEY}
        connection.request("POST", "/api/graphql", body, headers)
        return orjson.loads(connection.getresponse().read())["data"]


@contextmanager
def sink() -> Generator[Sink]:
    """A sink in a process of its own."""
    made = Sink(free_port(), free_port())
    with process("bench.monitor_peers", "sink", str(made.port), str(made.control_port), port=made.control_port):
        yield made


@contextmanager
def review(folder: Path, port: int) -> Generator[Review]:
    """`python -m review serve` on an empty database."""
    serve = ("review", "serve", "--host", "127.0.0.1", "--port", str(port))
    with process(*serve, port=port, DATA_DIR=str(folder / "review"), LITERAL_API_KEY=KEY, LOG_LEVEL="warning"):
        yield Review(port)


@dataclass(frozen=True)
class Agents:
    """Starts agent servers that share an outbox."""

    folder: Path
    provider_port: int
    steps_port: int

    @contextmanager
    def serve(self, **environment: str) -> Generator["Agent"]:
        """One, until the block is left."""
        port = free_port()
        with process(
            "bench.monitor_service", "ours", str(port),
            port=port, DATA_DIR=str(self.folder), LOG_LEVEL="error", DELIVERY_BACKOFF_MAX_SECONDS="2",
            LITERAL_API_URL=f"http://127.0.0.1:{self.steps_port}", LITERAL_API_KEY=KEY,
            OPENAI_API_KEY="k", OPENAI_BASE_URL=f"http://127.0.0.1:{self.provider_port}/v1", WEATHER_PROVIDER="sample",
            **environment,
        ) as child:  # fmt: skip
            yield Agent(port, child)


@dataclass(frozen=True)
class Agent:
    """A running agent server."""

    port: int
    process: subprocess.Popen[bytes]

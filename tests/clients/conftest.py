"""Clients in environments of their own, and the real server they speak to: they know its URL and a key, no more."""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from client_environments import CLIENTS, ROOT, NotToBeHadError, node_packages, python_of

T = TypeVar("T")

SECONDS = 120
"""How long a client may take, and the server to stop."""

NOWHERE = "http://127.0.0.1:9"
"""The proxy of every client, so that one that reaches for another machine fails."""

STEPS = """query ($id: String!) { threadDetail(id: $id) { steps {
    id parentId type name startTime endTime input output error metadata tags
    generation { model messages messageCompletion tokenCount }
    scores { name type value comment } attachments { name mime }
} } }"""


@dataclass(frozen=True)
class Project:
    """A project of the running server: all that a user tells a client."""

    url: str
    key: str

    @property
    def variables(self) -> dict[str, str]:
        """What a user sets."""
        return {"LITERAL_API_URL": self.url, "LITERAL_API_KEY": self.key}

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data a query is answered with."""
        body = {"query": query, "variables": variables}
        answer = httpx.post(f"{self.url}/api/graphql", json=body, headers={"x-api-key": self.key})
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def steps(self, thread_id: str) -> list[dict[str, Any]]:
        """The stored steps of a thread."""
        return self.ask(STEPS, id=thread_id)["threadDetail"]["steps"]


@dataclass(frozen=True)
class Server:
    """A running `python -m review serve`."""

    url: str
    variables: dict[str, str]
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def new_project(self) -> Project:
        """An empty project, made as the server's owner would."""
        made = subprocess.run(
            [sys.executable, "-m", "review", "keys", "create", "--project", f"project-{next(self.numbers)}"],
            cwd=ROOT,
            env=self.variables,
            check=True,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        return Project(self.url, made.stdout.strip())


@dataclass(frozen=True)
class Client:
    """A program that runs our scripts with one release of a client."""

    program: str
    home: Path
    variables: dict[str, str]

    def run(self, script: Path, *arguments: str, **variables: str) -> Any:
        """What a script prints as its last line, as JSON."""
        ended = subprocess.run(
            [self.program, str(script), *arguments],
            check=False,
            env=self.variables | variables,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert ended.returncode == 0, f"{ended.stdout[-3000:]}\n{ended.stderr[-6000:]}"
        return json.loads(ended.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all; it must end in peace, whatever the clients did."""
    variables = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path_factory.mktemp("server") / "data")}
    with subprocess.Popen(
        [sys.executable, "-m", "review", "serve", "--port", "0"],
        cwd=ROOT,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield Server(_announced_url(process), variables)
        finally:
            process.send_signal(signal.SIGTERM)
            last_words, _ = process.communicate(timeout=SECONDS)
    assert "Traceback" not in last_words, last_words


def _announced_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    shown: list[str] = []
    for line in process.stdout:
        shown.append(line)
        if "API key" in line:
            [url] = re.findall(r"LITERAL_API_URL=(\S+)", "".join(shown))
            return url
    pytest.fail("the server ended early:\n" + "".join(shown))


@pytest.fixture
def project(server: Server) -> Project:
    """A project of the test's own."""
    return server.new_project()


@pytest.fixture
def python_client(tmp_path: Path) -> Callable[[str], Client]:
    """Python with one release of a client; `ours` is the release this project itself uses."""

    def client(name: str) -> Client:
        python = sys.executable if name == "ours" else str(_to_be_had(lambda: python_of(name)))
        return Client(python, tmp_path, _surroundings(tmp_path))

    return client


@pytest.fixture
def node_client(tmp_path: Path) -> Client:
    """Node with the TypeScript client."""
    packages = _to_be_had(node_packages)
    return Client("node", tmp_path, {**_surroundings(tmp_path), "NODE_PATH": str(packages)})


@pytest.fixture
def scripts() -> Path:
    """Where the programs of our users are."""
    return CLIENTS / "scripts"


def _to_be_had(make: Callable[[], T]) -> T:
    """What is made or, where it can't be, a skip that says so; a failure with CI=true."""
    try:
        return make()
    except NotToBeHadError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"a client could not be installed: {error}")
        pytest.skip(f"A CLIENT COULD NOT BE INSTALLED, so it was not tried: {error}")


def _surroundings(home: Path) -> dict[str, str]:
    """The variables of a process that nobody told anything, on a machine without the internet."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "HTTP_PROXY": NOWHERE,
        "HTTPS_PROXY": NOWHERE,
        "NO_PROXY": "127.0.0.1,localhost",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else LiteLLM asks another machine for prices
    }

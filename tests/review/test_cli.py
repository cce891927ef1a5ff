"""`python -m review`: what a person at a terminal sees."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from review.__main__ import main
from review.doctor import sqlite_findings
from review.serving import base_url, listen

ROOT = Path(__file__).parents[2]


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    told = capsys.readouterr()
    return code, told.out, told.err


def test_a_key_is_made_listed_and_revoked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    database = f"--database=sqlite:///{tmp_path}/keys.db"
    code, key, _ = ran(capsys, "keys", "create", database, "--name", "for ci")
    assert (code, key[:4]) == (0, "lsk_")
    _, listed, _ = ran(capsys, "keys", "list", database)
    assert f"…{key.strip()[-4:]}" in listed
    assert "in use" in listed
    assert "for ci" in listed
    assert key.strip() not in listed
    headings, of_key = listed.splitlines()
    assert headings.startswith("ID ")
    key_id = of_key.split()[0]
    assert ran(capsys, "keys", "revoke", database, key_id)[0] == 0
    assert "revoked" in ran(capsys, "keys", "list", database)[1]
    assert ran(capsys, "keys", "revoke", database, key_id) == (
        2,
        "",
        f"review: project default has no key {key_id} in use\n",
    )


def test_a_key_is_rotated_within_its_project(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    database = f"--database=sqlite:///{tmp_path}/keys.db"
    assert "no key yet" in ran(capsys, "keys", "list", database)[1]
    _, old, _ = ran(capsys, "keys", "create", database, "--project=shop", "--name=for ci")
    ran(capsys, "keys", "create", database)
    assert len(ran(capsys, "keys", "list", database)[1].splitlines()) == 3
    [of_key] = ran(capsys, "keys", "list", database, "--project=shop")[1].splitlines()[1:]
    key_id = of_key.split()[0]
    missing = f"review: project default has no key {key_id} in use\n"
    assert ran(capsys, "keys", "rotate", database, key_id) == (2, "", missing)
    code, new, _ = ran(capsys, "keys", "rotate", database, "--project=shop", key_id)
    assert (code, new[:4], new == old) == (0, "lsk_", False)
    _, first, second = ran(capsys, "keys", "list", database, "--project=shop")[1].splitlines()
    assert "revoked" in first
    assert "in use" in second
    assert second.endswith("for ci")
    assert ran(capsys, "keys", "rotate", database, "--project=shop", key_id)[0] == 2


def test_the_doctor_names_sqlite_s_version_and_what_is_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    database = f"--database=sqlite:///{tmp_path}/a.db"
    assert "no project yet" in ran(capsys, "doctor", database)[1]
    ran(capsys, "keys", "create", database)
    code, told, _ = ran(capsys, "doctor", database)
    assert code == 0
    assert told.startswith("SQLite 3.")
    assert "project default (Default project): 0 threads, 1 keys in use" in told


@pytest.mark.parametrize(("version", "warned"), [((3, 40, 1), True), ((3, 51, 2), True), ((3, 51, 3), False)])
def test_the_doctor_warns_of_the_wal_reset_bug(version: tuple[int, ...], *, warned: bool) -> None:
    assert ("warning" in " ".join(sqlite_findings(version))) is warned


@pytest.mark.parametrize("url", ["mysql://a/b", "nonsense", "sqlite://", "postgresql://nobody@127.0.0.1:1/none"])
@pytest.mark.parametrize("command", [("doctor",), ("keys", "list"), ("serve", "--port=0")])
def test_a_database_that_can_t_be_opened_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...], url: str
) -> None:
    code, _, told = ran(capsys, *command, f"--database={url}")
    assert code == 2
    assert told.startswith("review: ")
    assert told.count("\n") == 1


def test_a_folder_that_can_t_be_written_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "file" / "data"))
    code, _, told = ran(capsys, "serve", "--port=0")
    assert code == 2
    assert told.startswith("review: ")
    assert told.count("\n") == 1


def test_a_port_in_use_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, told = ran(capsys, "serve", "--host=127.0.0.1", f"--port={port}")
    assert code == 2
    assert told.startswith(f"review: can't listen on 127.0.0.1:{port} (")
    assert told.count("\n") == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_the_address_that_is_shown_can_be_opened(host: str) -> None:
    with listen(host, 0) as listening:
        assert base_url(listening) == f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_setting_that_can_t_be_used_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "many")
    code, _, told = ran(capsys, "serve")
    assert code == 2
    assert told.startswith("review: Setting refused. PORT")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LITERAL_API_KEY": "lsk_seeded", "DATA_DIR": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "review", "serve", "--port=0"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def test_serving_says_where_and_how_to_sign_in(served: subprocess.Popen[str]) -> None:
    assert served.stdout
    told = "".join(next(served.stdout) for _ in range(3))
    link = re.search(r"http://127\.0\.0\.1:\d+/login\?token=\S+", told)
    assert link, told
    url = link[0].partition("/login")[0]
    signed_in = httpx.get(link[0], follow_redirects=False)
    assert signed_in.status_code in {302, 303, 307}
    assert "review_session" in signed_in.cookies
    answer = httpx.post(f"{url}/api/my-project", headers={"x-api-key": "lsk_seeded"}, json={})
    assert answer.json() == {"projectId": "default"}
    assert "LITERAL_API_KEY as set" in told
    served.send_signal(signal.SIGTERM)
    _, log = served.communicate(timeout=30)
    assert "token=" not in log
    assert "Traceback" not in log

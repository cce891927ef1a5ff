"""`python -m monitor`, called as a function; once as a process beside a running service."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.__main__ import main
from monitor.buried import Graveyard
from monitor.outbox import Outbox
from monitor.records import Kind, Record
from settings import MonitorSettings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    """Three steps that wait and one that is buried, in the place where a service keeps them."""
    folder = tmp_path / "data" / "outbox"
    writing = Outbox(folder, MonitorSettings())
    for name in "abc":
        writing.put(Kind.STEP, json.dumps({"id": name, "threadId": "t"}).encode(), "dev")
    writing.losses.count("memory full", 2)
    writing.close(10)
    Graveyard(folder).bury(Record(Kind.STEP, None, 1_763_672_000_000_000, b'{"id":"bad"}'), "too large", 1_763_672_000)
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    status = main([*arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_status_tells_what_waits_and_what_was_lost(outbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, (told,) = run(capsys, "status")
    assert status == 0
    assert Path(told["folder"]).name == "outbox"
    assert (told["queued_steps"], told["buried"], told["segments"], told["delivering"]) == (3, 1, 1, False)
    assert told["lost"] == {"memory full": 2}
    assert told["oldest_seconds"] >= 0
    assert main(["status"]) == 0
    assert "waiting      3" in capsys.readouterr().out


def test_status_without_an_outbox_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    assert "no outbox yet" in capsys.readouterr().out


def test_buried_lists_each_with_its_reason(outbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, (told,) = run(capsys, "buried")
    assert status == 1
    assert (told["id"], told["reason"], told["content"]) == ("bad", "too large", {"id": "bad"})
    assert main(["buried"]) == 1
    assert "too large" in capsys.readouterr().out


def test_retry_puts_the_buried_back(outbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "retry", "unknown") == (1, {"retried": 0})
    assert run(capsys, "retry", "bad") == (0, {"retried": 1})
    assert run(capsys, "buried") == (0, [])
    assert run(capsys, "status")[1][0]["queued_steps"] == 4


def test_export_writes_a_line_per_record_and_removes_none(outbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["content"]["id"] for line in lines] == ["a", "b", "c"]
    assert {line["environment"] for line in lines} == {"dev"}
    assert main(["export", "--buried"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "bad"
    assert run(capsys, "status")[1][0]["queued_steps"] == 3


def test_drain_delivers_what_waits(
    outbox: Path, capsys: pytest.CaptureFixture[str], literal_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITERAL_API_KEY", "key")
    assert run(capsys, "drain", "--url", literal_api.url) == (0, {"left": 0, "problem": None})
    assert sorted(literal_api.steps) == ["a", "b", "c"]


def test_drain_says_what_is_left_and_why(
    outbox: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITERAL_API_KEY", "key")
    status, told = run(capsys, "drain", "--seconds", "0.2", "--url", "http://127.0.0.1:1")
    assert (status, told["left"]) == (1, 3)
    assert "ConnectError" in told["problem"]


def test_drain_without_an_address_is_a_wrong_call(outbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["drain"])
    assert stopped.value.code == 2
    assert "LITERAL_API_URL" in capsys.readouterr().err


def test_doctor_finds_what_is_wrong(
    outbox: Path, capsys: pytest.CaptureFixture[str], literal_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, findings = run(capsys, "doctor")
    assert status == 1
    told = {one["about"]: one for one in findings}
    assert told["literalai"]["ok"] is True
    assert told["outbox"]["ok"] is False
    assert "1 buried" in told["outbox"]["says"]
    assert "does not use it" in told["sqlite"]["says"]
    (outbox.parent / "api-key").write_text("key")
    literal_api.behaviour = "401"
    _, findings = run(capsys, "doctor", "--url", literal_api.url)
    assert "HTTP 401" in findings[-1]["says"]
    monkeypatch.setenv("MASK_PATTERNS", "passport")
    _, findings = run(capsys, "doctor")
    assert "passport" in next(one["says"] for one in findings if one["about"] == "masking")


def test_a_wrong_setting_is_one_line_and_exit_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DELIVERY_STEPS", "many")
    with pytest.raises(SystemExit) as stopped:
        main(["status"])
    assert stopped.value.code == 2
    assert "DELIVERY_STEPS" in capsys.readouterr().err


def test_it_works_beside_a_running_service(bench: Callable, folder: Path) -> None:
    b = bench()
    b.put(b.outbox(), "a")
    b.delivery().turn()
    command = [sys.executable, "-m", "monitor", "status", "--json", "--folder", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (told,) = json.loads(done.stdout)
    assert (told["queued_steps"], told["delivering"]) == (1, True)

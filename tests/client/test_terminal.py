"""Review links that open signed in, the default address, and colours."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

HELLO = "name: Hello\nturns:\n  - user: hello\n"


@pytest.fixture
def made_token(tmp_path: Path) -> str:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "admin-token").write_text("s3cret&more\n")
    return "s3cret&more"


def test_a_link_to_this_machine_opens_signed_in(serve, says, client, script, made_token: str):
    served = serve({"hello": says("Hi.")})

    ran = client(script(HELLO), "--url", served.url)

    assert ran.out.endswith("  Hello  http://127.0.0.1:PORT/review/threads/NEW-ID?token=s3cret%26more\n")


@pytest.mark.parametrize(
    "base",
    [
        "https://127.0.0.1.review.example",
        "https://127.0.0.1@review.example",
        "https://review.example\\@127.0.0.1",
        "https://[broken",
    ],
)
def test_a_link_to_another_machine_never_carries_the_token(serve, says, client, script, base: str, made_token: str):
    served = serve({"hello": says("Hi.")})
    served.review_base = base

    ran = client(script(HELLO), "--url", served.url)

    assert ran.out.endswith(f"  Hello  {base}/review/threads/NEW-ID\n")


def test_json_and_transcripts_never_carry_the_token(serve, says, client, script, tmp_path: Path, made_token: str):
    served = serve({"hello": says("Hi.")})

    ran = client(script(HELLO), "--url", served.url, "--json", "--transcript", "out.jsonl")

    assert "token=" not in ran.raw
    assert "token=" not in (tmp_path / "out.jsonl").read_text()


def test_a_token_that_was_set_by_hand_is_not_printed(
    serve, says, client, script, monkeypatch: pytest.MonkeyPatch, made_token: str
):
    monkeypatch.setenv("ADMIN_TOKEN", "chosen")
    served = serve({"hello": says("Hi.")})

    ran = client(script(HELLO), "--url", served.url)

    assert "token=" not in ran.out


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_the_server_is_where_host_and_port_say(serve, says, client, script, monkeypatch: pytest.MonkeyPatch, host: str):
    served = serve({"hello": says("Hi.")})
    monkeypatch.setenv("HOST", host)
    monkeypatch.setenv("PORT", served.url.rpartition(":")[2])

    assert client(script(HELLO)).code == 0


def test_the_address_may_be_ipv6(client, script, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOST", "::1")
    monkeypatch.setenv("PORT", "1")

    assert client(script(HELLO)).err.startswith("client.py: no server at http://[::1]:1: ")


def test_a_port_that_the_server_chose_must_be_told(client, script, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORT", "0")

    ran = client(script(HELLO))

    assert (ran.code, ran.err) == (2, "client.py: PORT is 0, so the server took a free port: say which with --url\n")


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    serve, says, client, script, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    served = serve({"hello": says("Hi.")})

    assert client(script(HELLO), "--url", served.url).code == 0


def on_a_terminal(command: list[str]) -> str:
    ours, theirs = pty.openpty()
    running = subprocess.Popen(command, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65_536):
            shown += chunk
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(ours)
    running.wait(timeout=30)
    return shown.decode()


def test_a_terminal_gets_colours(serve, says, command, script):
    served = serve({"hello": says("Hi.")})

    shown = on_a_terminal([*command, str(script(HELLO)), "--url", served.url])

    assert "\x1b[36muser       \x1b[0mhello" in shown
    assert "\x1b[32massistant  \x1b[0mHi." in shown


def test_no_color_keeps_a_terminal_plain(serve, says, command, script, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_COLOR", "1")
    served = serve({"hello": says("Hi.")})

    assert "\x1b" not in on_a_terminal([*command, str(script(HELLO)), "--url", served.url])


def test_a_terminal_sees_how_far_a_json_run_is(serve, says, command, script):
    served = serve({"hello": says("Hi.")})

    shown = on_a_terminal([*command, str(script(HELLO)), "--url", served.url, "--json", "--repeat", "2"])

    assert "\r1/2" in shown
    assert shown.endswith("\r2/2\r\n")

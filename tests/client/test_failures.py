"""What client.py says and how it ends when something is wrong."""

import os
import signal
import socket
import subprocess
import threading

import pytest

HELLO = (
    "name: Hello\nturns:\n  - user: hello\n    expect: {tools: [], contains: hi, finish_reason: stop}\n  - user: bye\n"
)


def test_an_unmet_expectation_is_told_as_a_difference_and_the_conversation_goes_on(serve, uses, says, client, script):
    served = serve({"hello": uses([("weather", {}, "18")], "It is\n18 °C."), "bye": says("Bye.")})

    ran = client(script(HELLO), "--url", served.url)

    assert (
        ran.out
        == """\
[1/1] Hello  talk.yaml
  user       hello
  tool       weather()
             -> 18
  assistant  It is
             18 °C.
             0.00 s, 42 tokens
  NOT AS EXPECTED: tools
    - expected  no tool
    + came      weather
  NOT AS EXPECTED: contains
    - expected  hi
    + came      It is
                18 °C.
  user       bye
  assistant  Bye.
             0.00 s, 42 tokens

1 conversation, 2 turns: 1 conversation FAILED
  FAILED  Hello  http://127.0.0.1:PORT/review/threads/NEW-ID
"""
    )
    assert (ran.code, ran.err) == (1, "")


@pytest.mark.parametrize(
    ("expect", "difference"),
    [
        ("tools: [b, a]", "tools\n    - expected  b, a\n    + came      a\n"),
        ("contains: [fine, missing]", "contains\n    - expected  missing\n    + came      fine\n"),
        ("finish_reason: length", "finish_reason\n    - expected  length\n    + came      stop\n"),
        ("max_seconds: 0.000001", "max_seconds\n    - expected  at most 1e-06 s\n    + came      0.00 s\n"),
    ],
)
def test_each_expectation_can_fail(serve, uses, client, script, expect: str, difference: str):
    served = serve({"hello": uses([("a", {}, "1")], "fine")})

    ran = client(script(f"name: Hello\nturns:\n  - user: hello\n    expect: {{{expect}}}\n"), "--url", served.url)

    assert ran.out.count("NOT AS EXPECTED") == 1
    assert f"  NOT AS EXPECTED: {difference}" in ran.out
    assert ran.code == 1


def test_no_check_ignores_expectations(serve, uses, says, client, script):
    served = serve({"hello": uses([("weather", {}, "18")], "18"), "bye": says("Bye.")})

    ran = client(script(HELLO), "--url", served.url, "--no-check")

    assert ran.code == 0
    assert "1 conversation, 2 turns: all as expected" not in ran.out
    assert "1 conversation, 2 turns: all answered" in ran.out


def test_a_refused_request_tells_the_problem_and_ends_its_conversation_only(serve, broken, says, client, script):
    problem = b'{"type": "about:blank", "title": "Rate limited", "status": 429, "detail": "The provider asks to wait."}'
    served = serve({"hello": broken(429, problem, Retry_After="7"), "bye": says("Bye.")})
    other = script("name: Other\nturns:\n  - user: bye\n", "other.yaml")

    ran = client(script(HELLO), other, "--url", served.url)

    assert (
        ran.out
        == """\
[1/2] Hello  talk.yaml
  user       hello
  REQUEST FAILED: POST http://127.0.0.1:PORT/process/ answered 429
    Rate limited
    The provider asks to wait.
    Retry-After: 7

[2/2] Other  other.yaml
  user       bye
  assistant  Bye.
             0.00 s, 42 tokens

2 conversations, 1 turn: 1 conversation FAILED
  Other  http://127.0.0.1:PORT/review/threads/NEW-ID
"""
    )
    assert (ran.code, ran.err) == (1, "")


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (500, b"<h1>Oops</h1>", "answered 500\n    <h1>Oops</h1>\n"),
        (502, b'["no", "problem"]', 'answered 502\n    ["no", "problem"]\n'),
        (200, b"not json", "answered 200, but not as agreed\n    Invalid JSON: expected ident at line 1 column 2\n"),
        (200, b'{"thread_id": "t"}', "answered 200, but not as agreed\n    message_history: Field required\n"),
        (
            200,
            b'{"message_history": [{"role": "assistant", "tool_calls": [{}]}]}',
            "answered 200, but not as agreed\n    message_history: 0: tool_calls: 0: id: Field required\n",
        ),
    ],
)
def test_an_answer_that_is_none_fails_the_request(serve, broken, client, script, status: int, body: bytes, told: str):
    served = serve({"hello": broken(status, body)})

    ran = client(script(HELLO), "--url", served.url)

    assert f"  REQUEST FAILED: POST http://127.0.0.1:PORT/process/ {told}" in ran.out
    assert (ran.code, ran.err) == (1, "")


def test_a_turn_that_takes_too_long_fails(serve, says, client, script):
    released = threading.Event()

    def after_release():
        released.wait(timeout=30)
        return says("Late.")

    served = serve({"hello": after_release})

    ran = client(script(HELLO), "--url", served.url, "--timeout", "1")
    released.set()

    assert "  REQUEST FAILED: POST http://127.0.0.1:PORT/process/: timed out\n" in ran.out
    assert ran.code == 1


def test_failures_are_in_the_json_line_too(serve, broken, client, script):
    served = serve({"hello": broken(500, b"Oops")})

    ran = client(script(HELLO), "--url", served.url, "--json")

    assert '{"ok": false, ' in ran.out
    assert '"error": "POST http://127.0.0.1:PORT/process/ answered 500\\nOops"' in ran.out
    assert ran.code == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name: [\nturns: 1\n", "talk.yaml:3: not valid YAML: expected ',' or ']', but got '<stream end>'"),
        ("name: a\nname: b\nturns: []\n", "talk.yaml:2: not valid YAML: the key 'name' is there twice"),
        (
            "name: a\x07b\n",
            "talk.yaml: not valid YAML: unacceptable character #x0007: special characters are not allowed",
        ),
        ("when: 2026-13-01\n", "talk.yaml: not valid YAML: month must be in 1..12"),
        ("[" * 5_000, "talk.yaml: not valid YAML: nested too deeply"),
        ("# nothing\n", "talk.yaml: the file is empty"),
        ("- just\n- a list\n", "talk.yaml:1: script: Input should be a valid dictionary or instance of Script"),
        ("name: a\n", "talk.yaml:1: turns: Field required"),
        ("name: a\nturns: []\n", "talk.yaml:2: turns: List should have at least 1 item after validation, not 0"),
        ("name: a\nturns:\n- user: 7\n", "talk.yaml:3: turns.0.user: Input should be a valid string"),
        (
            "name: a\nmetadata: {day: 2026-11-01}\nturns: [user: b]\n",
            "talk.yaml:2: metadata.day: input was not a valid JSON value",
        ),
        ("name: a\nsytem: b\nturns: [user: c]\n", "talk.yaml:2: unknown key 'sytem'; did you mean 'system'?"),
        ("name: a\nturns:\n- usr: b\n", "talk.yaml:3: unknown key 'usr'; did you mean 'user'?"),
        (
            "name: a\nturns:\n- user: b\n- user: c\n  expect:\n    contians: d\n",
            "talk.yaml:6: unknown key 'contians'; did you mean 'contains'?",
        ),
        ("name: a\nturns:\n- user: b\n  zzz: 1\n", "talk.yaml:4: unknown key 'zzz'; known here: user, expect"),
    ],
)
def test_a_wrong_script_is_told_in_one_line_with_its_place(client, script, text: str, line: str):
    ran = client(script(text))

    assert (ran.code, ran.out, ran.err) == (2, "", f"client.py: {line}\n")


def test_a_file_that_is_no_text_is_told_in_one_line(client, tmp_path):
    (tmp_path / "picture.yaml").write_bytes(b"\x89PNG\xff")

    ran = client("picture.yaml")

    assert ran.err.startswith("client.py: picture.yaml: not valid YAML: 'utf-8' codec can't decode")
    assert (ran.code, ran.err.count("\n")) == (2, 1)


def test_a_missing_file_is_told_before_anything_is_sent(serve, client, script):
    served = serve({})

    ran = client(script(HELLO), "missing.yaml", "--url", served.url)

    assert (ran.code, ran.out, ran.err) == (2, "", "client.py: missing.yaml: No such file or directory\n")
    assert served.bodies == []


def test_a_folder_without_scripts_is_told(client, tmp_path):
    (tmp_path / "empty").mkdir()

    ran = client("empty")

    assert (ran.code, ran.err) == (2, "client.py: empty: no script (*.yaml, *.yml) in this folder\n")


def test_a_server_that_is_not_there_is_told_in_one_line(client, script):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # and nobody listens

        ran = client(script(HELLO), "--url", f"http://127.0.0.1:{unused.getsockname()[1]}")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "client.py: no server at http://127.0.0.1:PORT: Connection refused\n"


def test_a_url_that_is_none_is_told_in_one_line(client, script):
    ran = client(script(HELLO), "--url", "localhost:8000")

    reason = "No connection adapters were found for 'localhost:8000/livez'"
    assert (ran.code, ran.err) == (2, f"client.py: no server at localhost:8000: {reason}\n")


def test_a_transcript_that_cannot_be_written_is_told_before_anything_is_sent(serve, client, script):
    served = serve({})

    ran = client(script(HELLO), "--url", served.url, "--transcript", "missing/out.jsonl")

    assert (ran.code, ran.err) == (2, "client.py: missing/out.jsonl: No such file or directory\n")
    assert served.bodies == []


def test_a_setting_that_cannot_be_used_is_told_in_one_line(client, script, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORT", "many")

    ran = client(script(HELLO))

    assert ran.err.startswith("client.py: Setting refused. PORT: ")
    assert (ran.code, ran.err.count("\n")) == (2, 1)


def test_a_count_below_one_is_refused(client):
    ran = client("--concurrency", "0")

    assert ran.err.endswith("client.py: error: argument --concurrency: '0' is not a whole number above 0\n")
    assert ran.code == 2


@pytest.mark.parametrize("concurrency", ["1", "3"])
def test_ctrl_c_ends_it_quietly_in_the_middle_of_a_turn(serve, says, command, script, concurrency: str):
    released = threading.Event()

    def after_release():
        released.wait(timeout=30)
        return says("Late.")

    served = serve({"hello": after_release})
    arguments = [str(script(HELLO)), "--url", served.url, "--repeat", "3", "--concurrency", concurrency]
    with subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert served.received.wait(timeout=30)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)
    released.set()

    assert (running.returncode, err) == (130, b"")


def test_a_reader_that_went_away_ends_it_quietly(serve, says, command, script):
    served = serve({"hello": says("hi"), "bye": says("Bye.")})
    read_end, write_end = os.pipe()
    os.close(read_end)
    arguments = [str(script(HELLO)), "--url", served.url]
    done = subprocess.run([*command, *arguments], stdout=write_end, stderr=subprocess.PIPE, timeout=30, check=False)
    os.close(write_end)

    assert (done.returncode, done.stderr) == (141, b"")

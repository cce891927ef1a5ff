"""What client.py does when all goes well: what it sends, what it shows."""

import json
import threading
from pathlib import Path

from yaml import safe_load

WEATHER = """\
name: Weather
system: Be kind.
user: ada
tags: [demo]
metadata: {ticket: 7}
turns:
  - user: weather in sf
    expect: {tools: weather, contains: san FRANCISCO, finish_reason: stop, max_seconds: 60}
  - user: thanks
    expect: {tools: []}
"""
GREETING = "name: {name}\nturns:\n  - user: {user}\n"


def test_a_conversation_is_shown_turn_by_turn_with_its_tools_and_its_review_link(serve, says, uses, client, script):
    served = serve(
        {
            "weather in sf": uses(
                [("weather", {"location": "San Francisco", "unit": "celsius"}, '{"now": "18 °C"}')],
                "In San Francisco:\n18 °C.",
            ),
            "thanks": says("You are welcome."),
        }
    )

    ran = client(script(WEATHER), "--url", served.url)

    assert ran.out == (
        """\
[1/1] Weather  talk.yaml
  system     Be kind.
  user       weather in sf
  tool       weather(location="San Francisco", unit="celsius")
             -> {"now": "18 °C"}
  assistant  In San Francisco:
             18 °C.
             0.00 s, 42 tokens
  user       thanks
  assistant  You are welcome.
             0.00 s, 42 tokens

1 conversation, 2 turns: all as expected
  Weather  http://127.0.0.1:PORT/review/threads/NEW-ID
"""
    )
    assert (ran.code, ran.err) == (0, "")


def test_every_turn_carries_the_history_and_what_the_script_says_about_the_thread(serve, says, uses, client, script):
    served = serve({"weather in sf": uses([("weather", {}, "18")], "San Francisco: 18"), "thanks": says("Bye.")})

    client(script(WEATHER), "--url", served.url, "--thread-id", "t-1")

    first, second = served.bodies
    about = {"thread_id": "t-1", "name": "Weather", "tags": ["demo"], "metadata": {"ticket": 7}, "user_id": "ada"}
    assert first == about | {
        "message_history": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "weather in sf"}]
    }
    assert [message["role"] for message in second.pop("message_history")] == [
        "system", "user", "assistant", "tool", "assistant", "user",
    ]  # fmt: skip
    assert second == about


def test_parallel_calls_are_shown_with_their_own_results(serve, uses, client, script):
    calls = [("weather", {"location": "sf"}, "18"), ("weather", {"location": "paris"}, "21")]
    served = serve({"both": uses(calls, "18 and 21")})

    ran = client(script(GREETING.format(name="Two", user="both")), "--url", served.url)

    assert (
        """\
  tool       weather(location="sf")
             -> 18
  tool       weather(location="paris")
             -> 21
  assistant  18 and 21
"""
        in ran.out
    )


def test_a_long_tool_result_is_cut_on_the_screen_and_whole_in_the_transcript(
    serve, uses, client, script, tmp_path: Path
):
    served = serve({"read": uses([("page", {}, "x" * 5_300)], "Read.")})

    ran = client(script(GREETING.format(name="Long", user="read")), "--url", served.url, "--transcript", "out.jsonl")

    assert f"-> {'x' * 300}… (5,000 more characters)\n" in ran.out
    assert json.loads((tmp_path / "out.jsonl").read_text())["turns"][0]["tools"][0]["result"] == "x" * 5_300


def test_a_bound_that_ended_the_turn_is_shown(serve, says, client, script):
    served = serve({"loop": says("I stopped.", finish_reason="max_iter")})

    assert "42 tokens, finished by max_iter\n" in client(
        script(GREETING.format(name="Loop", user="loop")), "--url", served.url
    ).out  # fmt: skip


def test_control_characters_of_a_model_do_not_reach_the_terminal(serve, says, client, script):
    served = serve({"hello": says("\x1b]0;owned\x07 \x9b31m done")})

    ran = client(script(GREETING.format(name="Rude", user="hello")), "--url", served.url)

    assert r"assistant  \x1b]0;owned\x07 \x9b31m done" in ran.out
    assert ran.code == 0


def test_a_server_that_answers_only_the_history_is_enough(serve, broken, client, script):
    history = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]}]
    served = serve({"hello": broken(200, json.dumps({"message_history": history, "thread_id": "t"}).encode())})

    ran = client(script(GREETING.format(name="Old", user="hello")), "--url", served.url)

    assert "  assistant  Hi\n             0.00 s\n" in ran.out
    assert ran.out.endswith("1 conversation, 1 turn: all as expected\n")


def test_files_and_folders_are_replayed_in_order_with_a_link_each(serve, says, client, script):
    served = serve({"a": says("A"), "b": says("B"), "c": says("C")})
    script(GREETING.format(name="Bee", user="b"), "folder/2.yml")
    script(GREETING.format(name="Cee", user="c"), "folder/below/3.yaml")
    script("no script", "folder/notes.txt")
    alone = script(GREETING.format(name="Ay", user="a"), "alone.yaml")

    ran = client(alone, "folder", "--url", served.url)

    assert [line for line in ran.out.splitlines() if line.startswith("[")] == [
        "[1/3] Ay  alone.yaml",
        "[2/3] Bee  folder/2.yml",
        "[3/3] Cee  folder/below/3.yaml",
    ]
    assert ran.out.endswith(
        """\
3 conversations, 3 turns: all as expected
  Ay  http://127.0.0.1:PORT/review/threads/NEW-ID
  Bee  http://127.0.0.1:PORT/review/threads/NEW-ID
  Cee  http://127.0.0.1:PORT/review/threads/NEW-ID
"""
    )


def test_every_repetition_has_a_thread_of_its_own(serve, says, client, script):
    served = serve({"hello": says("Hi.")})

    client(script(GREETING.format(name="Hello", user="hello")), "--url", served.url, "--repeat", "3")

    assert len(served.thread_ids()) == 3


def test_a_given_thread_id_is_numbered_when_there_are_several_conversations(serve, says, client, script):
    served = serve({"hello": says("Hi.")})
    one = script(GREETING.format(name="Hello", user="hello"))

    client(one, "--url", served.url, "--thread-id", "load", "--repeat", "3")

    assert served.thread_ids() == ["load-1", "load-2", "load-3"]


def test_concurrent_conversations_run_together_and_are_shown_whole_and_in_order(serve, says, client, script):
    together = threading.Barrier(3)
    first_is_last = threading.Event()

    def meet(name: str) -> None:
        together.wait(timeout=30)
        if name == "a":
            first_is_last.wait(timeout=30)
        if name == "c":
            first_is_last.set()

    def met(name: str):
        return lambda: (meet(name), says(f"I am {name}."))[1]

    served = serve({name: met(name) for name in "abc"})
    scripts = [script(GREETING.format(name=name.upper(), user=name), f"{name}.yaml") for name in "abc"]

    ran = client(*scripts, "--url", served.url, "--concurrency", "3")

    shown = "".join(
        f"[{number}/3] {name.upper()}  {name}.yaml\n"
        f"  user       {name}\n  assistant  I am {name}.\n             0.00 s, 42 tokens\n\n"
        for number, name in enumerate("abc", start=1)
    )
    assert ran.out.startswith(shown + "3 conversations")


def test_json_is_a_line_per_conversation_and_nothing_else(serve, uses, says, client, script):
    served = serve(
        {"weather in sf": uses([("weather", {"a": 1}, "18 °C")], "San Francisco: 18 °C"), "thanks": says("B")}
    )

    ran = client(script(WEATHER), "--url", served.url, "--thread-id", "t", "--repeat", "2", "--json")

    first, second = map(json.loads, ran.raw.splitlines())
    for turn in first["turns"]:
        turn["seconds"] = 0
    usage = {"prompt_tokens": 30, "completion_tokens": 12, "total_tokens": 42}
    answered = {"finish_reason": "stop", "usage": usage, "seconds": 0, "unmet": []}
    assert [message["role"] for message in first.pop("message_history")] == [
        "system", "user", "assistant", "tool", "assistant", "user", "assistant",
    ]  # fmt: skip
    assert first == {
        "ok": True,
        "name": "Weather",
        "file": "talk.yaml",
        "thread_id": "t-1",
        "review_url": f"{served.url}/review/threads/t-1",
        "error": None,
        "turns": [
            {
                "user": "weather in sf",
                "answer": "San Francisco: 18 °C",
                "tools": [{"name": "weather", "arguments": '{"a": 1}', "result": "18 °C"}],
                **answered,
            },
            {"user": "thanks", "answer": "B", "tools": [], **answered},
        ],
    }
    assert second["thread_id"] == "t-2"
    assert (ran.code, ran.err) == (0, "")


def test_a_transcript_has_the_lines_that_json_prints(serve, says, client, script, tmp_path: Path):
    served = serve({"hello": says("Grüße 👋")})
    one = script(GREETING.format(name="Hello", user="hello"))

    ran = client(one, "--url", served.url, "--repeat", "2", "--json", "--transcript", "out.jsonl")

    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == ran.raw
    assert [json.loads(line)["turns"][0]["answer"] for line in ran.raw.splitlines()] == ["Grüße 👋"] * 2


def test_alone_it_replays_the_two_conversations_of_the_project(serve, says, uses, client):
    folder = Path(__file__).resolve().parents[2] / "conversations"
    turns = [turn for file in sorted(folder.glob("*.yaml")) for turn in safe_load(file.read_text())["turns"]]
    asked = [turn["user"] for turn in turns]
    assert asked[:2] == ["what's the weather in sf", "what's the weather in paris"]
    weather = uses([("get_current_weather", {}, "18")], "18 °C in San Francisco, 21 °C in Paris")
    answers = {text: weather for text in asked if "weather" in text}
    answers |= {text: uses([("calculate", {}, "84")], "84") for text in asked if "12" in text}
    served = serve({text: answers.get(text, says("You are welcome.")) for text in asked})

    ran = client("--url", served.url)

    assert (ran.code, len(served.thread_ids())) == (0, 2)
    assert ran.out.splitlines()[-3] == f"2 conversations, {len(asked)} turns: all as expected"

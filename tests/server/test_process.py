"""POST /process/: what it answers, and the thread it leaves."""

import json
from typing import Any

import pytest
from thread_tree import as_tree

ASK = {"role": "user", "content": "what's the weather in sf"}
SF, PARIS = '{"location":"San Francisco"}', '{"location":"Paris"}'
CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "calculate", "arguments": "{}"}}],
}


async def test_a_turn_leaves_its_whole_record(running) -> None:
    answer = await running.process(
        {"role": "user", "content": "weather in sf and paris"}, user_id="ada", tags=["x"], metadata={"k": 1}
    )
    assert answer.status_code == 200
    assert answer.json()["finish_reason"] == "stop"
    assert answer.json()["tools_used"] == ["get_current_weather"]
    thread = await running.thread()
    assert (thread["name"], thread["participant"]["identifier"]) == ("weather in sf and paris", "ada")
    assert (thread["tags"], thread["metadata"]) == (["x"], {"k": 1})
    sf, paris = (message["content"] for message in answer.json()["message_history"] if message["role"] == "tool")
    said = answer.json()["message_history"][-1]["content"]
    assert as_tree(thread["steps"], chars=None) == "\n".join(
        [
            "user_message ada: weather in sf and paris",
            "run agent",
            f"  llm offline-demo → get_current_weather({SF}), get_current_weather({PARIS})",
            f"  tool get_current_weather(location=San Francisco): {sf}",
            f"  tool get_current_weather(location=Paris): {paris}",
            f"  llm offline-demo: {said}",
            f"assistant_message assistant: {said}",
        ]
    )


async def test_an_llm_step_holds_all_that_was_asked_and_answered(running) -> None:
    answered = (await running.process(ASK)).json()
    first, last = (step["generation"] for step in (await running.thread())["steps"] if step["type"] == "llm")
    assert first["messages"] == [ASK]
    assert [tool["function"]["name"] for tool in first["tools"]] == ["get_current_weather", "calculate"]
    assert first["type"] == "CHAT"
    assert (first["provider"], first["model"]) == ("offline-demo", "offline-demo")
    assert first["duration"] > 0
    assert last["messageCompletion"]["content"] == answered["message_history"][-1]["content"]
    assert first["tokenCount"] + last["tokenCount"] == answered["usage"]["total_tokens"]
    assert first["inputTokenCount"] + first["outputTokenCount"] == first["tokenCount"]


async def test_the_run_says_what_came_in_what_went_out_and_how_it_ended(running) -> None:
    answered = (await running.process(ASK)).json()
    run = next(step for step in (await running.thread())["steps"] if step["type"] == "run")
    assert run["input"] == {"content": ASK["content"]}
    assert run["output"] == {"content": answered["message_history"][-1]["content"]}
    assert run["metadata"]["finish_reason"] == "stop"
    assert run["error"] is None


async def test_turns_of_the_same_thread_land_in_the_same_thread(running) -> None:
    first = (await running.process(ASK)).json()
    await running.process(*first["message_history"], {"role": "user", "content": "what's the weather in paris"})
    assert await running.thread_ids() == ["t1"]
    thread = await running.thread()
    assert thread["name"] == ASK["content"]
    types = [step["type"] for step in thread["steps"] if not step["parentId"]]
    assert types == ["user_message", "run", "assistant_message"] * 2


async def test_the_answer_links_to_the_page_of_its_thread(running) -> None:
    answer = (await running.process(ASK, thread_id="a/b ?ü")).json()
    assert answer["review_url"] == "http://agent/review/threads/a%2Fb%20%3F%C3%BC"
    await running.thread("a/b ?ü")
    token = (running.data_dir / "admin-token").read_text().strip()
    page = await running.http.get(answer["review_url"], params={"token": token}, follow_redirects=True)
    assert page.status_code == 200
    assert "sample data" in page.text


async def test_nulls_of_older_clients_are_tolerated(running) -> None:
    old = {**ASK, "function_call": None, "tool_calls": None, "name": None}
    assert (await running.process(old)).status_code == 200


async def test_it_says_that_the_offline_demo_model_answers(running) -> None:
    about = (await running.http.get("/")).json()
    assert about["offline_demo"] is True
    assert about["model"] == "offline-demo"


BAD: dict[str, tuple[dict[str, Any], str, int | None]] = {
    "an empty history": ({"message_history": []}, "message_history", None),
    "a last message that is not the user's": (
        {"message_history": [ASK, {"role": "assistant", "content": "hi"}]},
        "message_history[1]",
        1,
    ),
    "an unknown role": ({"message_history": [{"role": "wizard", "content": "x"}, ASK]}, "message_history[0]", 0),
    "a result without its call": (
        {"message_history": [ASK, {"role": "tool", "tool_call_id": "c1", "content": "x"}, ASK]},
        "message_history[1]",
        1,
    ),
    "a call without its result": ({"message_history": [ASK, CALL, ASK]}, "message_history[1]", 1),
    "a message that is no object": ({"message_history": ["hi", ASK]}, "message_history[0]", 0),
    "a content of the wrong type": ({"message_history": [{"role": "user", "content": 5}]}, "message_history[0]", 0),
}


@pytest.mark.parametrize(("body", "where", "index"), BAD.values(), ids=BAD.keys())
async def test_a_bad_history_is_refused_by_the_index_of_its_message(running, body, where, index) -> None:
    answer = await running.http.post("/process/", json={"thread_id": "t1", **body})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "invalid_message_history"
    assert problem["detail"].startswith(f"{where}: ")
    assert problem.get("message_index") == index
    assert await running.thread_ids() == []


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"message_history": [ASK]}, "thread_id"),
        ({"message_history": [ASK], "thread_id": ""}, "thread_id"),
        ({"message_history": [ASK], "thread_id": 7}, "thread_id"),
        ({"message_history": {}, "thread_id": "t1"}, "message_history"),
        ({"message_history": [ASK], "thread_id": "t1", "tags": "x"}, "tags"),
        ([], "body"),
    ],
)
async def test_a_bad_field_is_refused_by_its_name(running, body, where) -> None:
    answer = await running.http.post("/process/", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == where
    assert await running.thread_ids() == []


async def test_a_body_that_is_not_json_is_refused(running) -> None:
    answer = await running.http.post("/process/", content=b"{nope", headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert "JSON" in answer.json()["detail"]


async def test_a_body_without_its_content_type_is_told_what_to_send(running) -> None:
    answer = await running.http.post("/process/", content=b'{"thread_id": "t1"}')
    assert answer.status_code == 422
    assert "Content-Type: application/json" in answer.json()["detail"]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_over_the_limit_is_refused(serve, announced) -> None:
    body = json.dumps({"message_history": [{"role": "user", "content": "x" * 2000}], "thread_id": "t1"}).encode()

    async def chunks():
        yield body[:500]
        yield body[500:]

    async with serve(MAX_BODY_BYTES="1000") as small:
        answer = await small.http.post(
            "/process/", content=body if announced else chunks(), headers={"content-type": "application/json"}
        )
        assert answer.status_code == 413
        assert "MAX_BODY_BYTES" in answer.json()["detail"]
        assert await small.thread_ids() == []


async def test_an_unknown_path_is_a_problem_too(running) -> None:
    answer = await running.http.get("/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_the_request_id_goes_in_and_out(running) -> None:
    given = await running.http.get("/livez", headers={"X-Request-ID": "abc-1"})
    assert given.headers["x-request-id"] == "abc-1"
    made = await running.http.get("/nowhere", headers={"X-Request-ID": "not ok\t"})
    assert made.headers["x-request-id"] == made.json()["request_id"] != "not ok\t"


TROUBLE = {
    "a refused key": (401, {}, 502, "provider_refused_key"),
    "a rate limit": (429, {"Retry-After": "17"}, 429, "provider_rate_limited"),
    "an error of its own": (500, {}, 502, "provider_failed"),
    "an answer that is none": (200, {}, 502, "provider_answer_malformed"),
}


@pytest.mark.parametrize(("status", "headers", "ours", "code"), TROUBLE.values(), ids=TROUBLE.keys())
async def test_provider_trouble_is_told_without_secrets_and_shown_in_the_thread(
    serve, provider, caplog, status, headers, ours, code
) -> None:
    key = "sk-very-secret-key"
    provider.status, provider.headers = status, headers
    provider.body = json.dumps({"error": {"message": f"bad key {key}"}}).encode() if status != 200 else b"{}"
    async with serve(OPENAI_API_KEY=key, OPENAI_BASE_URL=provider.url, MODEL_RETRIES="0") as real:
        answer = await real.process(ASK)
        thread = await real.thread()
    assert (answer.status_code, answer.json()["code"]) == (ours, code)
    assert answer.headers.get("retry-after") == headers.get("Retry-After")
    assert key not in answer.text + caplog.text + json.dumps(thread)
    detail = answer.json()["detail"]
    assert as_tree(thread["steps"], chars=None) == "\n".join(
        [
            f"user_message user: {ASK['content']}",
            f"run agent ERROR {detail}",
            f"  llm gpt-4.1-mini ERROR {detail}",
        ]
    )


async def test_a_provider_that_is_not_there_is_503(serve) -> None:
    async with serve(OPENAI_API_KEY="k", OPENAI_BASE_URL="http://127.0.0.1:9/v1", MODEL_RETRIES="0") as real:
        answer = await real.process(ASK)
    assert (answer.status_code, answer.json()["code"]) == (503, "provider_unreachable")


async def test_a_provider_that_never_answers_is_504(serve, provider) -> None:
    import threading

    provider.hang = threading.Event()
    async with serve(OPENAI_API_KEY="k", OPENAI_BASE_URL=provider.url, MODEL_RETRIES="0", MODEL_SECONDS="0.2") as real:
        answer = await real.process(ASK)
    assert (answer.status_code, answer.json()["code"]) == (504, "model_timeout")


async def test_a_real_provider_is_asked_when_a_key_is_there(serve, provider) -> None:
    provider.body = json.dumps(
        {
            "model": "gpt-4.1-mini-2026",
            "choices": [{"message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
        }
    ).encode()
    async with serve(OPENAI_API_KEY="k", OPENAI_BASE_URL=provider.url) as real:
        answer = (await real.process(ASK)).json()
        llm = next(step for step in (await real.thread())["steps"] if step["type"] == "llm")
    assert answer["message_history"][-1]["content"] == "Hello."
    assert json.loads(provider.seen[0])["messages"] == [ASK]
    assert llm["generation"]["model"] == "gpt-4.1-mini-2026"
    assert llm["generation"]["tokenCount"] == 12
